/**
 * Works that must not overlap.
 *
 * @module
 */

/** Does works one after the other, in the order in which they were given. A work that fails holds up no other. */
export class SerialQueue {
  readonly #onLost: (error: unknown) => void;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /**
   * An empty queue.
   *
   * @param onLost told what made a work fail that nobody waits for; must not throw
   */
  constructor(onLost: (error: unknown) => void) {
    this.#onLost = onLost;
  }

  /** Whether {@link close} was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Does a work for which the caller waits.
   *
   * @returns what the work gives; an error of the work is the caller's
   * @throws {TypeError} after the queue was closed
   */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new TypeError("the queue is closed"));
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Does a work for which nobody waits. It is left out if the queue is closed before its turn. */
  start(work: () => void | Promise<void>): void {
    if (this.#isClosed) return;
    this.#last = this.#last.then(() => this.#isClosed ? undefined : work()).catch(this.#onLost);
  }

  /** Takes no more works; resolves once what is under way is done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }
}
