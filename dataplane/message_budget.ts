/**
 * How many datagrams the main thread is given: so many a second, and so many that may wait for it.
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

/**
 * The rate of messages of one socket. Half of it is reserved for authenticated senders, so that a flood of others does not keep
 * them out. Times are monotonic milliseconds.
 */
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

/** Bytes of a {@linkcode MessageBacklog} in shared memory. */
export const BACKLOG_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;

/** The messages that wait for the main thread. Each side counts what it did, so neither waits for a lost wake. */
export class MessageBacklog {
  /** Messages noted and taken so far. The counts wrap at 2^31; their difference does too. */
  readonly #counts: Int32Array;

  constructor(buffer: SharedArrayBuffer, offset: number, readonly limit: number) {
    this.#counts = new Int32Array(buffer, offset, 2);
  }

  /** Worker: reserves a place for one more message; false when the main thread is too far behind. */
  noteMessage(): boolean {
    const waiting = Atomics.load(this.#counts, 0) - Atomics.load(this.#counts, 1) | 0;
    if (waiting >= this.limit) return false;
    Atomics.add(this.#counts, 0, 1);
    return true;
  }

  /** Main thread: one more message was taken. */
  noteMessageTaken(): void {
    Atomics.add(this.#counts, 1, 1);
  }
}
