/**
 * Keeps refused senders from filling the log.
 *
 * @module
 */

/** For how long an address is not named again, in milliseconds. */
const PAUSE = 60_000;
/** Most addresses that are named within that time. */
const MAX_ADDRESSES = 64;

/** Allows one log line per address and minute, and few addresses at a time. */
export class RateLimitedLog {
  readonly #named = new Map<string, number>();
  #count = 0;

  /** All refusals so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts a refusal.
   *
   * @param address the IP address, as text
   * @param now milliseconds on a monotonic scale
   * @returns whether to log it
   */
  allow(address: string, now: number): boolean {
    this.#count++;
    // A map keeps the order of insertion, so those whose time is over come first.
    for (const [other, at] of this.#named) {
      if (now - at < PAUSE) break;
      this.#named.delete(other);
    }
    if (this.#named.has(address) || this.#named.size >= MAX_ADDRESSES) return false;
    this.#named.set(address, now);
    return true;
  }
}
