import { retryPause } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { type Container, MAX_CONTAINERS } from "../../core/docker/container.ts";
import { asOperationError } from "../../core/error.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import { DockerApiError } from "../../system/docker/engine_containers.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { listRunning, readRunning } from "../../system/docker/running_containers.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { RetryWorker } from "./container_controller.ts";
import type { RunningContainers } from "./running_containers.ts";

const log = getLogger("docker");

/** Containers that are read at the same time. */
const PARALLEL_READS = 8;

/** Milliseconds that the list stays after the Engine is lost. An Engine that is restarted with its containers is back sooner. */
const GRACE_MS = 5_000;

/** A container, and its mark on the list; undefined: no list has shown it in this state yet. */
interface Entry {
  readonly container: Container;
  readonly mark: string | undefined;
}

/**
 * The running containers of the Engine. An event names the container that may have changed, and only that one is read
 * again. All are listed at the start and with each list of networks, so what no event told is seen too.
 */
export class ContainerList implements RunningContainers, AsyncDisposable {
  containers: readonly Container[] = [];
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  readonly #changed = new Set<string>();
  readonly #worker: RetryWorker;
  readonly #notes = new LogOnChange();
  readonly #clock: Clock;
  #engine: EngineClient | undefined;
  #mustList = false;
  #grace: Disposable | undefined;

  constructor(clock: Clock = SYSTEM_CLOCK) {
    this.#clock = clock;
    this.#worker = new RetryWorker(
      () => this.#work(),
      (error, failures) => this.#failed(error, failures),
      clock,
    );
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** An Engine answers, or its networks were listed again: all containers are listed. */
  setEngine(engine: EngineClient): void {
    this.#grace?.[Symbol.dispose]();
    this.#engine = engine;
    this.#mustList = true;
    this.#worker.wake();
  }

  /** A container may have changed; undefined: any of them. */
  changed(id: string | undefined): void {
    if (this.#engine === undefined) return;
    // More names than containers come only from an Engine that makes them up.
    if (id === undefined || this.#changed.size >= MAX_CONTAINERS) this.#mustList = true;
    else this.#changed.add(id);
    this.#worker.wake();
  }

  /** The Engine is gone. */
  onDisconnected(): void {
    if (this.#engine === undefined) return;
    this.#engine = undefined;
    this.#changed.clear();
    this.#grace?.[Symbol.dispose]();
    this.#grace = this.#clock.after(GRACE_MS, () => {
      this.#entries.clear();
      this.#publish();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine = undefined;
    this.#grace?.[Symbol.dispose]();
    await this.#worker[Symbol.asyncDispose]();
  }

  async #work(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) return;
    const due = new Map<string, string | undefined>();
    for (const id of this.#changed) due.set(id, undefined);
    this.#changed.clear();
    let isChanged = false;
    try {
      if (this.#mustList) {
        const listed = await listRunning(engine);
        this.#mustList = false;
        for (const { id, mark } of listed) if (this.#entries.get(id)?.mark !== mark) due.set(id, mark);
        const known = new Set(listed.map(({ id }) => id));
        // One that a list does not show may just have been started: it is read, not dropped.
        for (const id of this.#entries.keys()) if (!known.has(id)) due.set(id, undefined);
      }
      const ids = [...due];
      let refusal: DockerApiError | undefined;
      const read = async () => {
        for (let next = ids.pop(); next !== undefined; next = ids.pop()) {
          const [id, mark] = next;
          const container = await readRunning(engine, id).catch((error) => {
            // One container that cannot be read keeps none of the others away.
            if (error instanceof DockerApiError) return error;
            throw error;
          });
          if (this.#engine !== engine) return;
          if (container instanceof DockerApiError) {
            refusal = container;
            continue;
          }
          if (this.#put(id, container, mark)) isChanged = true;
          due.delete(id);
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_READS }, read));
      if (refusal !== undefined) throw refusal;
      this.#notes.clear("fault");
    } finally {
      // What could not be read is due again.
      if (this.#engine === engine) { for (const id of due.keys()) this.#changed.add(id); }
      if (isChanged) this.#publish();
    }
  }

  /** Takes over what was read; tells whether it differs. */
  #put(id: string, container: Container | undefined, mark: string | undefined): boolean {
    if (container === undefined) return this.#entries.delete(id);
    const before = this.#entries.get(id)?.container;
    if (before === undefined && this.#entries.size >= MAX_CONTAINERS) return false;
    this.#entries.set(id, { container, mark });
    return before === undefined || fingerprintOf(before) !== fingerprintOf(container);
  }

  #publish(): void {
    this.containers = [...this.#entries.values()].map(({ container }) => container)
      .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    for (const listener of [...this.#listeners]) listener();
  }

  #failed(error: unknown, failures: number): number {
    const fault = asOperationError(error, "Cannot read the running containers");
    // That the Engine is gone is the watcher's to say.
    if (isConnectionLost(fault.cause)) return 1000;
    if (this.#notes.changed("fault", fault.report)) log.warn(`${fault.report}; it is tried again`);
    return retryPause(failures, false);
  }
}

function fingerprintOf(container: Container): string {
  return JSON.stringify(container, (_key, value) => value instanceof Uint8Array ? [...value] : value);
}
