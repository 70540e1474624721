/**
 * The changes of interfaces, addresses and routes on macOS: `route -n monitor` prints a few lines for each (route(8)). What it
 * prints of an interface itself, such as that it went down or has another MTU, stays in its buffer until something else happens
 * (network_cmds-741.100.2, pmsg_addrs in route.tproj/route.c: no flush where a message has no addresses). So it is a hint only,
 * and beside it a change is taken for granted every few seconds.
 *
 * @module
 */
import { Backoff } from "../../core/async/backoff.ts";
import { OperationError } from "../../core/error.ts";
import { end, spawn } from "../process/command.ts";
import { ROUTE } from "../process/programs_darwin.ts";

const MONITOR = [ROUTE, "-n", "monitor"] as const;

/** Milliseconds after which there may have been a change that nothing was printed of. A look runs three programs. */
const LOOK_PERIOD = 5_000;

/** First and longest pause before a monitor that ended is started again, in milliseconds. */
const FIRST_PAUSE = 1_000;
const MAX_PAUSE = 60_000;

/**
 * The pauses before a program is started again: they double from the first to a minute, and begin again with the first one
 * after a run of a minute or more.
 *
 * @param first the first pause, in milliseconds
 * @returns the next pause in milliseconds, from how long the program ran
 */
export function growingPauses(first: number): (lasted: number) => number {
  const backoff = new Backoff({ firstMs: first, maxMs: MAX_PAUSE });
  return (lasted) => {
    if (lasted >= MAX_PAUSE) backoff.reset();
    return backoff.next();
  };
}

/** See `WatchRoutes`. */
export function watchDarwinRoutes(onChange: () => void): AsyncDisposable {
  return watchWithLooks(MONITOR, onChange, LOOK_PERIOD);
}

/** Watches a program, see {@linkcode CommandWatch}, and tells of a change every `period` milliseconds as well. */
export function watchWithLooks(
  argv: readonly string[],
  onChange: () => void,
  period: number,
): AsyncDisposable {
  const watch = new CommandWatch(argv, onChange);
  const timer = setInterval(onChange, period);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await watch[Symbol.asyncDispose]();
    },
  };
}

/** Runs a program as long as it is watched, started again whenever it ends, and tells that it printed something. */
export class CommandWatch implements AsyncDisposable {
  readonly #following: Promise<void>;
  #child: Deno.ChildProcess | undefined;
  #isClosed = false;
  #endPause = () => {};

  /**
   * Starts at once.
   *
   * @param argv absolute path, then arguments
   * @param onOutput told of output; what it is does not matter
   * @param pauseAfter milliseconds before the next start, from how long the program ran
   */
  constructor(
    argv: readonly string[],
    onOutput: () => void,
    pauseAfter: (lasted: number) => number = growingPauses(FIRST_PAUSE),
  ) {
    this.#following = this.#follow(argv, onOutput, pauseAfter);
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    if (this.#child !== undefined) end(this.#child);
    await this.#following;
  }

  async #follow(
    argv: readonly string[],
    onOutput: () => void,
    pauseAfter: (lasted: number) => number,
  ): Promise<void> {
    while (!this.#isClosed) {
      const start = performance.now();
      await this.#run(argv, onOutput);
      if (this.#isClosed) return;
      // What happened while nobody listened is not known.
      onOutput();
      const pause = pauseAfter(performance.now() - start);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.#endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #run([program = "", ...args]: readonly string[], onOutput: () => void): Promise<void> {
    try {
      const child = spawn(program, args, {}, false);
      this.#child = child;
      await Promise.all([child.stderr.cancel(), forEachPiece(child.stdout, onOutput)]);
      await child.status;
    } catch (error) {
      // Without the program the periodic look has to do.
      if (!(error instanceof OperationError)) throw error;
    } finally {
      this.#child = undefined;
    }
  }
}

async function forEachPiece(stream: ReadableStream<Uint8Array>, tell: () => void): Promise<void> {
  for await (const _piece of stream) tell();
}
