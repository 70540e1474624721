/**
 * Work that is done again whenever something may have changed, and tried again with pauses while it fails.
 *
 * @module
 */
import { retryPause } from "../core/async/backoff.ts";
import { OperationError } from "../core/error.ts";
import { isConnectionLost } from "../system/docker/docker_error.ts";

/** Milliseconds after a failure in which nothing hastens the next attempt: the failure itself may be what changed. */
const LEAST_PAUSE = 1000;

/** Runs one piece of work at a time until it is disposed of. */
export class RetryWorker implements AsyncDisposable {
  readonly #work: () => Promise<number | void>;
  readonly #tell: (fault: OperationError) => void;
  #isWanted = false;
  #isEnded = false;
  #failures = 0;
  #failedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;

  /**
   * @param work may be called at any time, but never twice at once; after how many milliseconds it is to be done again although
   * nothing changes, if that is known
   * @param tell told each failure
   */
  constructor(work: () => Promise<number | void>, tell: (fault: OperationError) => void) {
    this.#work = work;
    this.#tell = tell;
  }

  /** Asks for the work to be done from now on, once more if it is being done. */
  wake(): void {
    this.#isWanted = true;
    if (this.#isEnded || this.#running !== undefined) return;
    const wait = this.#failedAt + LEAST_PAUSE - performance.now();
    if (wait > 0) return this.#later(wait);
    clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isWanted) this.wake();
    });
  }

  /** No work is under way, and none comes, once the promise is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isWanted = false;
    try {
      const again = await this.#work();
      this.#failures = 0;
      if (again !== undefined && !this.#isEnded) this.#later(again);
    } catch (error) {
      this.#failures++;
      this.#failedAt = performance.now();
      const fault = faultOf(error);
      this.#tell(fault);
      // Whoever follows the Engine soon knows that it has gone, and no event tells that only its socket was away.
      const pause = isConnectionLost(fault.cause) ? LEAST_PAUSE : retryPause(this.#failures, false);
      if (!this.#isEnded) this.#later(pause);
    }
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), milliseconds);
  }
}

function faultOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new OperationError("failure", `Cannot keep the client container: ${words}`, "", { cause: error });
}
