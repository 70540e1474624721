/**
 * What control texts are sent to senders of whom nothing is known but a heartbeat of one octet, whose address may be forged: a text
 * may have some kilobytes, so without a bound it would multiply what an attacker sends to somebody else.
 *
 * @module
 */
import { TokenBucket } from "../async/token_bucket.ts";

/** Octets of text a second for all such senders together, and at once: the longest texts of a few clients that start. */
const OCTETS_PER_SECOND = 4 * 1024;
const OCTETS_AT_ONCE = 64 * 1024;

/** The budget of one server. */
export class ControlBudget {
  readonly #bucket: TokenBucket;

  /**
   * Makes a full budget.
   *
   * @param now milliseconds on any scale that is always the same
   */
  constructor(now: number) {
    this.#bucket = new TokenBucket(OCTETS_PER_SECOND, OCTETS_AT_ONCE, now);
  }

  /** Whether a text of so many octets may go now. A longer one than there is room for at once goes when the budget is full. */
  take(octets: number, now: number): boolean {
    return this.#bucket.take(Math.min(octets, OCTETS_AT_ONCE), now);
  }
}
