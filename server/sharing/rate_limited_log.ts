/**
 * Keeps unauthenticated senders from filling the log.
 *
 * @module
 */

/** For how long an address is not logged again, in milliseconds. */
const PAUSE = 60_000;
/** How many addresses are logged within that time at most. */
const MAX_ADDRESSES = 64;

/** The decision which refusals are logged: once per address and minute, and of few addresses. */
export class RateLimitedLog {
  readonly #logged = new Map<string, number>();
  #count = 0;

  /** All refusals so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts a refusal.
   *
   * @param address the IP address, as text
   * @param now milliseconds of a monotonic clock
   * @returns whether to log it
   */
  allow(address: string, now: number): boolean {
    this.#count++;
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
