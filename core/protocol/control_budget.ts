/**
 * Bounds the control texts for senders that proved nothing and whose address may be forged. A text may have some kilobytes, so
 * without a bound it would amplify what an attacker sends to another machine.
 *
 * @module
 */
import { TokenBucket } from "../async/token_bucket.ts";

/** Bytes of text a second for all such senders together, and the burst: the longest texts of a few clients that start. */
const BYTES_PER_SECOND = 4 * 1024;
const MAX_BURST = 64 * 1024;

/** The budget of one server. */
export class ControlBudget {
  readonly #bucket: TokenBucket;

  /**
   * Makes a full budget.
   *
   * @param now milliseconds on any scale that is always the same
   */
  constructor(now: number) {
    this.#bucket = new TokenBucket(BYTES_PER_SECOND, MAX_BURST, now);
  }

  /** Tells whether a text of so many bytes may be sent now. One above the burst may be sent when the budget is full. */
  take(bytes: number, now: number): boolean {
    return this.#bucket.take(Math.min(bytes, MAX_BURST), now);
  }
}
