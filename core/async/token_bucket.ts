/** How often something may happen: tokens that come back at a steady rate. Times are milliseconds on a monotonic clock. */
export class TokenBucket {
  #level: number;
  #at: number;

  /** Begins full, with `size` tokens: there are never more. */
  constructor(readonly perSecond: number, readonly size: number, now: number) {
    this.#level = size;
    this.#at = now;
  }

  /** Takes tokens if there are enough. */
  take(count: number, now: number): boolean {
    this.#level = Math.min(this.size, this.#level + Math.max(0, now - this.#at) * this.perSecond / 1000);
    this.#at = now;
    if (this.#level < count) return false;
    this.#level -= count;
    return true;
  }
}
