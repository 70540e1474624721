/**
 * The client container where none is kept: what an earlier run has kept is taken away, since it has that run's key and settings,
 * and holds the interface of the client that the user starts. Once in a run, so that two servers at one Engine, of which one keeps
 * a container, do not take turns.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { CLIENT_CONTAINER } from "../../core/docker/client_container.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { findEngine } from "../../system/docker/find_engine.ts";
import { searchSockets } from "../../system/docker/socket_search.ts";
import type { ClientKeeper } from "./network_watcher.ts";
import { removeKeptContainers } from "./managed_containers.ts";
import { PatientWork } from "./retry_worker.ts";
import type { ContainerStatus } from "../status/status_document.ts";

const log = getLogger("docker");

/** Keeps nothing in the Engine that is followed: `--image off`. */
export class NoClientContainer implements ClientKeeper {
  readonly status: ContainerStatus = { name: CLIENT_CONTAINER, state: "off", image: null };
  readonly #said = new LogOnChange();
  readonly #work = new PatientWork(() => this.#remove(), (fault) => {
    if (this.#engine === undefined || !this.#said.changed("fault", fault.report)) return;
    log.warn(`${fault.report}; it is tried again`);
  });
  #engine: EngineClient | undefined;
  #isDone = false;

  /** An Engine answers. */
  attend(engine: EngineClient): void {
    this.#engine = engine;
    if (!this.#isDone) this.#work.wake();
  }

  /** Whatever has changed is the user's. */
  wake(): void {}

  /** The Engine has gone. */
  lost(): void {
    this.#engine = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine = undefined;
    await this.#work[Symbol.asyncDispose]();
  }

  async #remove(): Promise<void> {
    if (this.#engine === undefined || this.#isDone) return;
    tellRemoved(await removeKeptContainers(this.#engine), "--image off");
    this.#isDone = true;
  }
}

/**
 * Does the same in an Engine that is not followed: `docker off`. It is asked once; where none answers, nothing is left to do.
 *
 * @param signal ends it
 */
export async function removeLeftContainer(signal: AbortSignal): Promise<void> {
  try {
    const engine = await findEngine(await searchSockets(), signal);
    tellRemoved(await removeKeptContainers(engine), "docker off");
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    log.debug(`no container of an earlier run was looked for: ${error.report}`);
  }
}

function tellRemoved(names: readonly string[], setting: string): void {
  for (const container of names) {
    log.info(`client container of an earlier run removed, since ${setting} keeps none`, { container });
  }
}
