import { retryPause } from "../async/backoff.ts";

/** Starts without a pause, of a container that never ran for {@linkcode STABLE_AFTER_MS}. */
const FREE_STARTS = 4;
/** Milliseconds after a start from which on earlier ones do not count. */
const STABLE_AFTER_MS = 60_000;

/**
 * Backoff between starts of the managed container. Only the server starts it, and each failed start causes events that wake
 * the server, so without this it would try without a pause. All times are milliseconds of one monotonic clock.
 */
export class StartBackoff {
  #subject = "";
  #starts = 0;
  #refusals = 0;
  #triedAt = -Infinity;

  /**
   * Returns the milliseconds until it may be started. After an error of the Engine, which may lack something for a short time,
   * 1 s, doubling to 4 s; for a container that has ended after its fourth start in a row 1 s, doubling to 30 s.
   *
   * @param subject digest of image and settings; another one starts from zero
   */
  wait(subject: string, now: number): number {
    if (subject !== this.#subject || now - this.#triedAt >= STABLE_AFTER_MS) {
      this.#subject = subject;
      this.#starts = 0;
      this.#refusals = 0;
      this.#triedAt = -Infinity;
    }
    const failures = this.#refusals || Math.max(0, this.#starts - FREE_STARTS + 1);
    return failures === 0 ? 0 : Math.max(0, this.#triedAt + retryPause(failures, this.isRefused) - now);
  }

  /** Counts a start. */
  tried(now: number): void {
    this.#triedAt = now;
    this.#starts++;
  }

  /** Notes that the Engine has refused the last start. */
  refused(now: number): void {
    this.#triedAt = now;
    this.#starts--;
    this.#refusals++;
  }

  /** Notes that the Engine has started it. */
  started(): void {
    this.#refusals = 0;
  }

  /** True if the Engine has refused the last start. */
  get isRefused(): boolean {
    return this.#refusals > 0;
  }

  /** True if it has ended soon after several starts. */
  get isStruggling(): boolean {
    return this.#starts >= FREE_STARTS;
  }
}
