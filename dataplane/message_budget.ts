/**
 * The rate of datagrams that the main thread handles. Half of it is reserved for authenticated senders, so
 * that a flood of others does not keep them out.
 *
 * @module
 */
import { TokenBucket } from "../core/async/token_bucket.ts";

/**
 * Messages a second from one socket. Each costs the main thread 50 us at most until it is known to be worthless, so all of them
 * together take a tenth of one core.
 */
export const MESSAGES_PER_SECOND = 2000;
/** Messages at once of strangers, and of the others: as many as wait for the main thread anyway. */
const BURST = 128;

/** The budget of one socket. Times are monotonic milliseconds. */
export class MessageBudget {
  readonly #strangers: TokenBucket;
  readonly #known: TokenBucket;

  constructor(now: number) {
    this.#strangers = new TokenBucket(MESSAGES_PER_SECOND / 2, BURST, now);
    this.#known = new TokenBucket(MESSAGES_PER_SECOND / 2, BURST, now);
  }

  /** Takes one message from the budget; false when it is used up. */
  take(isKnown: boolean, now: number): boolean {
    return isKnown && this.#known.take(1, now) || this.#strangers.take(1, now);
  }
}
