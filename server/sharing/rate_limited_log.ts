/** For how long an address is not logged again, in milliseconds. */
const PAUSE = 60_000;
/** How many addresses are logged within that time at most. */
const MAX_ADDRESSES = 64;

/**
 * Decides which refusals are logged, so that unauthenticated senders cannot fill the log: once per address and minute,
 * and of few addresses.
 */
export class RateLimitedLog {
  /** All refusals so far. */
  count = 0;
  readonly #logged = new Map<string, number>();

  /** Counts a refusal, and tells whether to log it; `now` is milliseconds of a monotonic clock. */
  allow(address: string, now: number): boolean {
    this.count++;
    // A map keeps the order of insertion, so those whose time is over come first.
    for (const [other, at] of this.#logged) {
      if (now - at < PAUSE) break;
      this.#logged.delete(other);
    }
    if (this.#logged.has(address) || this.#logged.size >= MAX_ADDRESSES) return false;
    this.#logged.set(address, now);
    return true;
  }
}
