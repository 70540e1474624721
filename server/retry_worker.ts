/**
 * Work that runs again whenever something may have changed, and with pauses while it fails.
 *
 * @module
 */

/** Milliseconds after a failure in which no call hastens the next attempt: the failure itself may be the change. */
const MIN_PAUSE_MS = 1000;

/** Runs one piece of work at a time until it is disposed of. */
export class RetryWorker implements AsyncDisposable {
  readonly #work: () => Promise<number | void>;
  readonly #onFailure: (error: unknown, failures: number) => number;
  #isRequested = false;
  #isDisposed = false;
  #failures = 0;
  #failedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;

  /**
   * @param work is never called while it runs; may return the milliseconds until it has to run again although nothing
   * changes
   * @param onFailure reports an error of the work; returns the milliseconds until the next attempt. `failures` counts
   * those since the last success, this one included
   */
  constructor(
    work: () => Promise<number | void>,
    onFailure: (error: unknown, failures: number) => number,
  ) {
    this.#work = work;
    this.#onFailure = onFailure;
  }

  /** Runs the work now, or once more if it is running. */
  wake(): void {
    this.#isRequested = true;
    if (this.#isDisposed || this.#running !== undefined) return;
    const wait = this.#failedAt + MIN_PAUSE_MS - performance.now();
    if (wait > 0) return this.#schedule(wait);
    clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isRequested) this.wake();
    });
  }

  /** Waits for the running work; none starts afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isRequested = false;
    let pause: number | void;
    try {
      pause = await this.#work();
      this.#failures = 0;
    } catch (error) {
      this.#failedAt = performance.now();
      pause = this.#onFailure(error, ++this.#failures);
    }
    if (pause !== undefined) this.#schedule(pause);
  }

  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#isDisposed) this.#timer = setTimeout(() => this.wake(), milliseconds);
  }
}
