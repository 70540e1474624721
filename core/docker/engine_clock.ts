/** The times of an answer, in milliseconds since 1970 by this machine's clock. */
export interface AnswerTime {
  /** Before the first byte was sent. */
  readonly sentAt: number;
  /** After the head had come. */
  readonly receivedAt: number;
  /** The answer's header field "date"; undefined where it has none. */
  readonly date: string | undefined;
}

/** The form of a date that is sent (RFC 9110 section 5.6.7, IMF-fixdate); it has whole seconds. */
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RESOLUTION_MS = 1000;

/** Milliseconds that the clocks may differ: heartbeats of 0.1.0 are refused beyond 60 s, certificates and logs suffer before. */
export const MAX_SKEW_MS = 30_000;

/**
 * How far the clock of an Engine's machine is ahead of this one's, by what comes from the Engine anyway.
 *
 * Of an answer the least difference counts that its times allow, so that one that was long on the way shows none. The smaller one
 * of the last two answers is told: a clock that was set while one was on the way shows no difference.
 */
export class EngineClock {
  #last: number | undefined;
  #aheadMs: number | undefined;
  #doubted: number | undefined;

  /** Milliseconds, less than 0 for one that is behind; undefined until two answers have told the time. */
  get aheadMs(): number | undefined {
    return this.#aheadMs;
  }

  /** Takes note of an answer; one without a date that can be read says nothing. */
  note({ sentAt, receivedAt, date = "" }: AnswerTime): void {
    const time = DATE.test(date) ? Date.parse(date) : NaN;
    if (Number.isNaN(time)) return;
    const least = time - receivedAt;
    const most = time + RESOLUTION_MS - sentAt;
    const ahead = least > 0 ? least : Math.min(most, 0);
    const before = this.#last;
    this.#last = ahead;
    if (before === undefined) return;
    this.#aheadMs = Math.abs(before) < Math.abs(ahead) ? before : ahead;
  }

  /**
   * Tells whether an event's time differs so much from what the answers say that a new answer is worth its while; of one difference
   * once. By itself an event proves nothing: it may have waited while this machine slept.
   *
   * @param time of the event, milliseconds since 1970 by the Engine's clock; undefined where it has none
   * @param now the same by this machine's clock
   */
  doubts(time: number | undefined, now: number): boolean {
    if (time === undefined || this.#aheadMs === undefined) return false;
    const ahead = time - now;
    const differs = (from: number) => Math.abs(ahead - from) > MAX_SKEW_MS;
    if (!differs(this.#aheadMs)) this.#doubted = undefined;
    else if (this.#doubted === undefined || differs(this.#doubted)) {
      this.#doubted = ahead;
      return true;
    }
    return false;
  }
}
