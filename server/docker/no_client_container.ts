/**
 * The client container where none is managed: removes that of an earlier run, which has that run's key and settings and
 * holds the interface of the client that the user starts. It does so once in a run, so that two servers at one Engine,
 * of which one manages a container, do not take turns. And it tells which container the user's client runs in.
 *
 * @module
 */
import { CLIENT_CONTAINER } from "../../core/docker/client_container.ts";
import { classifyContainers } from "../../core/docker/container_state.ts";
import { OperationError } from "../../core/error.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { connectDocker } from "../../system/docker/search/connect_docker.ts";
import { searchSockets } from "../../system/docker/search/socket_search.ts";
import type { ContainerStatus } from "../status/status_document.ts";
import { ContainerController } from "./container_controller.ts";
import { listCandidates, portField, removeManagedContainers } from "./managed_containers.ts";

const log = getLogger("docker");

const OFF: ContainerStatus = { name: CLIENT_CONTAINER, state: "off", image: null };

/** The controller for `--image off`. */
export class NoClientContainer extends ContainerController {
  #status = OFF;
  readonly #logged = new LogOnChange();
  #isDone = false;

  get status(): ContainerStatus {
    return this.#status;
  }

  override onDisconnected(): void {
    super.onDisconnected();
    this.#status = OFF;
  }

  protected override async reconcile(): Promise<void> {
    const { engine } = this;
    if (engine === undefined) return;
    if (!this.#isDone) logRemoved(await removeManagedContainers(engine), "--image off");
    this.#isDone = true;
    const candidates = await listCandidates(engine, undefined);
    const finding = classifyContainers(candidates.map(({ container }) => container), undefined);
    const isRunning = finding.kind === "external" && finding.container.state === "running";
    if (engine === this.engine) {
      this.#status = isRunning ? { ...OFF, ...portField(candidates, finding.container) } : OFF;
    }
    this.tellRunning(engine, isRunning ? finding.container.id : undefined);
  }

  protected override report({ report }: OperationError): void {
    if (this.engine === undefined || !this.#logged.changed("fault", report)) return;
    log.warn(`${report}; it is tried again`);
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
