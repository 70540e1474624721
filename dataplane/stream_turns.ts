import type { PathSink } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import type { EnginePath } from "./path/engine_path.ts";
import { ReadGuess } from "./read_guess.ts";

/** What came of a turn. */
export const enum Turn {
  Done,
  /** The stream is of no use any more. */
  StreamEnded,
  /** The interface is gone. */
  TunGone,
}

/**
 * Takes what the stream through the Engine brings, and what the interface has for any path. The kernel often answers at once what
 * came by the stream: then the interface is read without asking poll(2), and what is to be sent takes the credit along.
 */
export class StreamTurns {
  /** Whether the interface has packets after something came by the stream. */
  readonly #answers = new ReadGuess();
  /** The last turn took something from the stream and left it to poll(2) whether there are answers. */
  #isLeft = false;

  constructor(readonly engine: EnginePath, readonly outbound: Outbound) {}

  /** Takes a turn, with what poll(2) has found; `sink` takes what came by the stream. */
  take(sink: PathSink, isStreamReady: boolean, isTunReady: boolean): Turn {
    const { engine, outbound } = this;
    if (this.#isLeft) this.#answers.note(isTunReady);
    this.#isLeft = false;
    if (!isStreamReady) return this.#drainTun(isTunReady);
    if (!engine.drain(sink)) return Turn.StreamEnded;
    const isGuessed = !isTunReady && outbound.path === engine && this.#answers.isLikely;
    const turn = this.#drainTun(isTunReady || isGuessed);
    if (isGuessed) this.#answers.note(outbound.hasRead);
    else this.#isLeft = !isTunReady;
    engine.grantCredit();
    return turn;
  }

  #drainTun(isReady: boolean): Turn {
    // The stream may have become full since poll(2) said so.
    return !isReady || !this.outbound.mayRead || this.outbound.drain() ? Turn.Done : Turn.TunGone;
  }
}
