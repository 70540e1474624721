import type { Clock } from "../../core/async/clock.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { EchoSocket } from "../../ffi/icmp/sized_echo.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/** A question whether an address answers a packet of this size. */
export interface EchoQuestion {
  readonly address: IpAddress;
  /** Bytes of the whole packet. */
  readonly size: number;
}

/** Bytes of an ordinary packet of `ping`, IP header included. */
export const USUAL_SIZE = 84;

/** Requests that may be on the way at once while throughput is measured: some 180 kB at 1,400 bytes. */
const WINDOW = 128;

/** How much came back in a measured time. */
export interface EchoedAmount {
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Asks addresses of one IP version by ICMP echo. One question, or set of questions, at a time. */
export class EchoProber implements Disposable {
  #sequence = 0;

  private constructor(readonly socket: EchoSocket, readonly clock: Clock) {}

  /** Opens it; undefined where the system does not let this user, or has no such IP version. */
  static open(family: 4 | 6, clock: Clock = SYSTEM_CLOCK): EchoProber | undefined {
    try {
      return new EchoProber(EchoSocket.open(family), clock);
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  /**
   * Asks all questions together, and those without an answer once more after half of the time.
   *
   * @param timeoutMs until when answers count
   * @returns for each question the round trip in milliseconds; undefined without an answer
   */
  async ask(questions: readonly EchoQuestion[], timeoutMs: number): Promise<(number | undefined)[]> {
    const answers: (number | undefined)[] = questions.map(() => undefined);
    const sent = new Map<number, { readonly at: number; readonly time: number }>();
    const send = () =>
      questions.forEach(({ address, size }, at) => {
        if (answers[at] !== undefined) return;
        const sequence = this.#nextSequence();
        sent.set(sequence, { at, time: this.clock.now() });
        this.socket.send(address, sequence, size);
      });
    const start = this.clock.now();
    for (const until of [timeoutMs / 2, timeoutMs]) {
      send();
      for (let left = until; left > 0; left = start + until - this.clock.now()) {
        await this.socket.wait(Math.min(left, timeoutMs));
        for (const { sequence, size } of this.socket.receive()) {
          const request = sent.get(sequence);
          if (request === undefined || questions[request.at]?.size !== size) continue;
          answers[request.at] ??= this.clock.now() - request.time;
        }
        if (answers.every((answer) => answer !== undefined)) return answers;
      }
    }
    return answers;
  }

  /**
   * Keeps a fixed number of echoes on the way for so long, and counts what comes back.
   *
   * @returns undefined when nothing came back
   */
  async measure({ address, size }: EchoQuestion, durationMs: number): Promise<EchoedAmount | undefined> {
    const start = this.clock.now();
    let waiting = 0;
    let packets = 0;
    for (let now = start; now - start < durationMs; now = this.clock.now()) {
      while (waiting < WINDOW && this.socket.send(address, this.#nextSequence(), size)) waiting++;
      await this.socket.wait(50);
      const replies = this.socket.receive().filter((reply) => reply.size === size).length;
      packets += replies;
      // Nothing for so long: what is on the way was lost.
      waiting = replies === 0 ? 0 : Math.max(0, waiting - replies);
    }
    if (packets === 0) return undefined;
    return { bytes: packets * size, milliseconds: this.clock.now() - start };
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }

  #nextSequence(): number {
    return this.#sequence = (this.#sequence + 1) & 0xffff;
  }
}
