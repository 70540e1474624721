/** Runs tasks one after the other, in the order in which they were given. A task that fails holds up no other. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** An empty queue. `onLost` gets the error of a task that no caller waits for; it must not throw. */
  constructor(private readonly onLost: (error: unknown) => void) {}

  /** Whether {@link close} was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Runs a task that the caller waits for, and returns its outcome.
   *
   * @throws {TypeError} after the queue was closed
   */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new TypeError("the queue is closed"));
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Runs a task that no caller waits for. It is left out if the queue is closed before its turn. */
  start(task: () => void | Promise<void>): void {
    if (this.#isClosed) return;
    this.#last = this.#last.then(() => this.#isClosed ? undefined : task()).catch(this.onLost);
  }

  /** Accepts no more tasks, and resolves once the current one has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }
}
