/**
 * When the kept container may be started, as pure arithmetic on times. The server is all that starts it again, and each start that
 * comes to nothing makes events that have the server look again, so without this it would try without a pause.
 *
 * @module
 */
import { retryPause } from "../async/backoff.ts";

/** A container that ended is started at once so often, as long as it never ran for {@linkcode CALM}. */
const FREE_STARTS = 4;
/** Milliseconds after a start from which on former ones do not count. */
const CALM = 60_000;

/** The starts of one container. All times are milliseconds on one monotonic clock. */
export class StartPace {
  #subject = "";
  #starts = 0;
  #refusals = 0;
  #triedAt = -Infinity;

  /**
   * Milliseconds until it may be started; 0: now. After a refusal 1 s, doubling to 30 s; the same for a container that has ended
   * after its fourth start in a row.
   *
   * @param subject tells image and settings from others, which are not to suffer for them
   */
  wait(subject: string, now: number): number {
    if (subject !== this.#subject || now - this.#triedAt >= CALM) {
      this.#subject = subject;
      this.#starts = 0;
      this.#refusals = 0;
      this.#triedAt = -Infinity;
    }
    const pause = this.isRefused
      ? retryPause(this.#refusals, false)
      : this.isStruggling
      ? retryPause(this.#starts - FREE_STARTS + 1, false)
      : 0;
    return Math.max(0, this.#triedAt + pause - now);
  }

  /** It is being started. */
  tried(now: number): void {
    this.#triedAt = now;
    this.#starts++;
  }

  /** The Engine has refused the start that was tried last. */
  refused(now: number): void {
    this.#triedAt = now;
    this.#starts--;
    this.#refusals++;
  }

  /** The Engine has started it. */
  started(): void {
    this.#refusals = 0;
  }

  /** Whether the Engine has refused the last start. */
  get isRefused(): boolean {
    return this.#refusals > 0;
  }

  /** Whether it has ended soon after several starts. */
  get isStruggling(): boolean {
    return this.#starts >= FREE_STARTS;
  }
}
