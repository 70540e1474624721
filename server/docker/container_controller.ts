import { retryPause } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { asOperationError, type OperationError } from "../../core/error.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { ContainerStatus } from "../status/status_document.ts";

/** The client's container while it runs, made by this server or by the user. */
export interface RunningClient {
  /** Another object means that the Engine was lost meanwhile. */
  readonly engine: EngineClient;
  /** The Engine's id of the container. */
  readonly id: string;
}

/**
 * Told which container the client runs in, whenever that changes; undefined when it is stopped, is started again or is not
 * wanted, and when the Engine is gone. It must not throw.
 */
export type RunningClientListener = (client: RunningClient | undefined) => void;

/** The part of a run that manages the client container. Disposal ends its work and leaves the container as it is. */
export abstract class ContainerController implements AsyncDisposable {
  abstract readonly status: ContainerStatus;
  protected engine: EngineClient | undefined;
  readonly #worker: RetryWorker;
  readonly #onRunning: RunningClientListener;
  #running: RunningClient | undefined;
  #lastEngine: EngineClient | undefined;

  constructor(clock?: Clock, onRunning: RunningClientListener = () => {}) {
    this.#onRunning = onRunning;
    this.#worker = new RetryWorker(
      () => this.reconcile(),
      (error, failures) => {
        const fault = asOperationError(error, "Cannot manage the client container");
        this.report(fault);
        // The watcher soon knows whether the Engine has gone, and no event says that only its socket was away.
        return isConnectionLost(fault.cause) ? 1000 : retryPause(failures, this.isStartRefused);
      },
      clock,
    );
  }

  /** An Engine answers, or its networks were listed again. */
  setEngine(engine: EngineClient): void {
    // What failed at the one before says nothing of another.
    if (engine !== this.#lastEngine) this.#worker.reset();
    this.engine = this.#lastEngine = engine;
    this.#worker.wake();
  }

  /** The client container or its image may have changed. */
  wake(): void {
    this.#worker.wake();
  }

  /** The Engine is gone. */
  onDisconnected(): void {
    this.engine = undefined;
    this.#tell(undefined);
  }

  /**
   * Starts the container again; false for one that this server does not manage.
   *
   * @throws {OperationError} "unavailable"
   */
  restart(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.engine = undefined;
    await this.#worker[Symbol.asyncDispose]();
  }

  /** The container that the client runs in, as last noted. */
  protected get running(): RunningClient | undefined {
    return this.#running;
  }

  /**
   * Notes which container the client runs in; undefined: in none.
   *
   * @param engine where that was found; it counts for nothing if the Engine was lost meanwhile
   */
  protected tellRunning(engine: EngineClient, id: string | undefined): void {
    if (engine === this.engine) this.#tell(id === undefined ? undefined : { engine, id });
  }

  #tell(running: RunningClient | undefined): void {
    if (running?.id === this.#running?.id && running?.engine === this.#running?.engine) return;
    this.#running = running;
    this.#onRunning(running);
  }

  /** Whether the last failure was that the Engine did not start the container, which it may do soon. */
  protected get isStartRefused(): boolean {
    return false;
  }

  /** Brings the container to its desired state; returns milliseconds where that has to wait. */
  protected abstract reconcile(): Promise<number | void>;

  /** Reports what has failed and is tried again. */
  protected abstract report(fault: OperationError): void;
}

/** Milliseconds after a failure in which no call hastens the next attempt: the failure itself may be the change. */
const MIN_PAUSE_MS = 1000;

/** Runs one piece of work whenever something may have changed, and with pauses while it fails, until it is disposed of. */
export class RetryWorker implements AsyncDisposable {
  #isRequested = false;
  #isDisposed = false;
  #failures = 0;
  #failedAt = -Infinity;
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;

  /**
   * @param work is never called while it runs; may return the milliseconds until it has to run again although nothing
   * changes
   * @param onFailure reports an error of the work; returns the milliseconds until the next attempt. `failures` counts
   * those since the last success, this one included
   */
  constructor(
    readonly work: () => Promise<number | void>,
    readonly onFailure: (error: unknown, failures: number) => number,
    readonly clock: Clock = SYSTEM_CLOCK,
  ) {}

  /** Forgets the failures so far: the next call is not held up by them. */
  reset(): void {
    this.#failures = 0;
    this.#failedAt = -Infinity;
  }

  /** Runs the work now, or once more if it is running. */
  wake(): void {
    this.#isRequested = true;
    if (this.#isDisposed || this.#running !== undefined) return;
    const wait = this.#failedAt + MIN_PAUSE_MS - this.clock.now();
    if (wait > 0) return this.#schedule(wait);
    this.#timer?.[Symbol.dispose]();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isRequested) this.wake();
    });
  }

  /** Waits for the running work; none starts afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isRequested = false;
    let pause: number | void;
    try {
      pause = await this.work();
      this.#failures = 0;
    } catch (error) {
      this.#failedAt = this.clock.now();
      pause = this.onFailure(error, ++this.#failures);
    }
    if (pause !== undefined) this.#schedule(pause);
  }

  #schedule(milliseconds: number): void {
    this.#timer?.[Symbol.dispose]();
    if (!this.#isDisposed) this.#timer = this.clock.after(milliseconds, () => this.wake());
  }
}
