/**
 * The client container where none is managed: removes that of an earlier run, which has that run's key and settings and
 * holds the interface of the client that the user starts. It does so once in a run, so that two servers at one Engine,
 * of which one manages a container, do not take turns.
 *
 * @module
 */
import { CLIENT_CONTAINER } from "../../core/docker/client_container.ts";
import { OperationError } from "../../core/error.ts";
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { connectDocker } from "../../system/docker/connect_docker.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { searchSockets } from "../../system/docker/socket_search.ts";
import { RetryWorker } from "../retry_worker.ts";
import type { ContainerStatus } from "../status/status_document.ts";
import { containerRetryPause, removeManagedContainers, toContainerError } from "./managed_containers.ts";
import type { ClientController } from "./network_watcher.ts";

const log = getLogger("docker");

/** The controller for `--image off`. */
export class NoClientContainer implements ClientController {
  readonly status: ContainerStatus = { name: CLIENT_CONTAINER, state: "off", image: null };
  readonly #logged = new LogOnChange();
  readonly #worker = new RetryWorker(() => this.#remove(), (error, failures) => {
    const fault = toContainerError(error);
    if (this.#engine !== undefined && this.#logged.changed("fault", fault.report)) {
      log.warn(`${fault.report}; it is tried again`);
    }
    return containerRetryPause(fault, failures);
  });
  #engine: EngineClient | undefined;
  #isDone = false;

  setEngine(engine: EngineClient): void {
    this.#engine = engine;
    if (!this.#isDone) this.#worker.wake();
  }

  /** Does nothing: every change is the user's. */
  wake(): void {}

  onDisconnected(): void {
    this.#engine = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine = undefined;
    await this.#worker[Symbol.asyncDispose]();
  }

  async #remove(): Promise<void> {
    if (this.#engine === undefined || this.#isDone) return;
    logRemoved(await removeManagedContainers(this.#engine), "--image off");
    this.#isDone = true;
  }
}

/**
 * Does the same for `docker off`: connects once, and gives up if no Engine answers.
 *
 * @param signal aborts it
 */
export async function removeStaleContainer(signal: AbortSignal): Promise<void> {
  try {
    const engine = await connectDocker(await searchSockets(), signal);
    logRemoved(await removeManagedContainers(engine), "docker off");
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    log.debug(`cannot look for a container of an earlier run: ${error.report}`);
  }
}

function logRemoved(names: readonly string[], setting: string): void {
  for (const container of names) {
    log.info(`client container of an earlier run removed, since ${setting} manages none`, { container });
  }
}
