/**
 * Watches the networks of the Docker Engine, for the routes, the log and `status`.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import type { DockerSetting } from "../../core/config/config.ts";
import type { DockerNetwork, NetworkList } from "../../core/docker/networks.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import { DockerWatcher } from "../../system/docker/docker_watcher.ts";
import { connectDocker } from "../../system/docker/connect_docker.ts";
import { searchSockets, type SocketSearch } from "../../system/docker/socket_search.ts";
import { dockerStatus } from "./docker_status.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { ContainerStatus, DockerStatus } from "../status/status_document.ts";

const log = getLogger("docker");

/** The part of a run that manages the client container. */
export interface ClientController extends AsyncDisposable {
  /** The container as `status` shows it. */
  readonly status: ContainerStatus;
  /** Called when an Engine answers, or its networks were listed again. */
  setEngine(engine: EngineClient): void;
  /** Called when the client container or its image may have changed. */
  wake(): void;
  /** Called when the Engine is gone. */
  onDisconnected(): void;
}

/** Turns the Docker networks into routes. Disposal ends the watch and leaves the routes. */
export class NetworkWatcher implements AsyncDisposable {
  readonly #routeController: RouteController;
  readonly #client: ClientController;
  readonly #watcher: DockerWatcher;
  /** Faults that were logged since the last connection; each is logged once. */
  readonly #loggedFaults = new Set<string>();
  readonly #notes = new LogOnChange();
  #unreadable = 0;

  /**
   * Starts at once.
   *
   * @param setting the `docker` key, which is not "off"
   * @param routeController gets the networks
   * @param client gets the Engine; disposed of with this
   */
  constructor(setting: DockerSetting, routeController: RouteController, client: ClientController) {
    this.#routeController = routeController;
    this.#client = client;
    const named = setting.mode === "socket" ? { paths: [setting.path] } : undefined;
    this.#watcher = new DockerWatcher(
      { sockets: async () => named ?? this.#logNotes(await searchSockets()), connect: connectDocker },
      {
        onConnected: (engine) => this.#onConnected(engine),
        onNetworks: (list) => this.#networks(list),
        onClientChange: () => client.wake(),
        onDisconnected: (fault) => this.#onDisconnected(fault),
      },
    );
  }

  /** The last listed networks. */
  get networks(): readonly DockerNetwork[] {
    return this.#watcher.state.networks;
  }

  /** The part of `status` about Docker. */
  get status(): DockerStatus {
    const { subnets, routes } = this.#routeController;
    return dockerStatus(this.#watcher.state, subnets, routes.status, this.#client.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Together: the watcher aborts the requests of the controller.
    await Promise.all([this.#client[Symbol.asyncDispose](), this.#watcher[Symbol.asyncDispose]()]);
  }

  /** Logs each note of a search once. */
  #logNotes(search: SocketSearch): SocketSearch {
    for (const note of search.notes ?? []) if (this.#notes.changed(note, note)) log.warn(note);
    return search;
  }

  #onConnected({ path, version, api }: EngineClient): void {
    this.#loggedFaults.clear();
    log.info("Docker Engine found", { socket: path, engine: version, api });
  }

  async #networks({ networks, unreadable }: NetworkList): Promise<void> {
    const { engine } = this.#watcher.state;
    if (engine !== undefined) this.#client.setEngine(engine);
    if (unreadable > this.#unreadable) {
      log.warn("cannot read some networks of the Docker Engine", { count: unreadable });
    }
    this.#unreadable = unreadable;
    try {
      await this.#routeController.discover(networks);
    } catch (error) {
      // Not a fault of the Engine: the next list tries again.
      if (!(error instanceof OperationError)) throw error;
      if (!this.#loggedFaults.has(error.report)) log.error(error.report);
      this.#loggedFaults.add(error.report);
    }
  }

  #onDisconnected(fault: OperationError): void {
    this.#client.onDisconnected();
    if (this.#loggedFaults.has(fault.report)) return;
    this.#loggedFaults.add(fault.report);
    const isNormal = fault.cause === undefined || isConnectionLost(fault.cause);
    log[isNormal ? "info" : "warn"](`${fault.report}; it is tried again`);
  }
}
