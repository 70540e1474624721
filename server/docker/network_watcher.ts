import { getLogger, LogOnChange } from "../../program/log.ts";
import { problemStatus } from "../../program/status.ts";
import type { DockerSetting } from "../../core/config/config.ts";
import type { DockerNetwork, NetworkList } from "../../core/docker/engine_json.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import { DockerWatcher } from "../../system/docker/docker_watcher.ts";
import { connectDocker } from "../../system/docker/search/connect_docker.ts";
import { searchSockets, type SocketSearch } from "../../system/docker/search/socket_search.ts";
import type { RouteController } from "../routing/route_controller.ts";
import type { DockerStatus, SubnetStatus } from "../status/status_document.ts";
import type { ContainerController } from "./container_controller.ts";
import type { ContainerList } from "./container_list.ts";

const log = getLogger("docker");

/**
 * Watches the networks of the Docker Engine, and turns them into routes, log lines and `status`. Disposal leaves the
 * routes.
 */
export class NetworkWatcher implements AsyncDisposable {
  readonly #watcher: DockerWatcher;
  /** Faults that were logged since the last connection; each is logged once. */
  readonly #loggedFaults = new Set<string>();
  readonly #notes = new LogOnChange();
  #unreadable = 0;

  /**
   * Starts at once.
   *
   * @param setting is not "off"
   * @param client gets the Engine; disposed of with this
   * @param containers gets the Engine and its events; disposed of with this
   */
  constructor(
    setting: DockerSetting,
    readonly routeController: RouteController,
    readonly client: ContainerController,
    readonly containers: ContainerList,
  ) {
    const named = setting.mode === "socket" ? { paths: [setting.path] } : undefined;
    this.#watcher = new DockerWatcher(
      { sockets: async () => named ?? this.#logNotes(await searchSockets()), connect: connectDocker },
      {
        onConnected: (engine) => this.#onConnected(engine),
        onNetworks: (list) => this.#networks(list),
        onClientChange: () => client.wake(),
        onContainerChange: (id) => containers.changed(id === "any" ? undefined : id),
        onDisconnected: (fault) => this.#onDisconnected(fault),
      },
    );
  }

  get networks(): readonly DockerNetwork[] {
    return this.#watcher.state.networks;
  }

  /** The part of `status` about Docker. */
  get status(): DockerStatus {
    const { engine, fault, networks } = this.#watcher.state;
    const states = new Map(this.routeController.status.map(({ prefix, state }) => [prefix, state]));
    const subnets = Map.groupBy(this.routeController.subnets, ({ network }) => network.id);
    return {
      state: engine === undefined ? "connecting" : "connected",
      socket: engine?.path ?? null,
      engine: engine?.version ?? null,
      api: engine?.api ?? null,
      ...clockField(engine?.clock.aheadMs),
      ...problemStatus(fault),
      networks: networks.map(({ id, name }) => ({
        name,
        subnets: (subnets.get(id) ?? []).map(({ prefix, use }): SubnetStatus => {
          const text = formatPrefix(prefix);
          // A route that is still being added has no state yet.
          return { prefix: text, state: use === "route" ? states.get(text) ?? "failed" : use };
        }),
      })),
      container: this.client.status,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Together: the watcher aborts the requests of the other two.
    await Promise.all([
      this.client[Symbol.asyncDispose](),
      this.containers[Symbol.asyncDispose](),
      this.#watcher[Symbol.asyncDispose](),
    ]);
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
    if (engine !== undefined) {
      this.client.setEngine(engine);
      this.containers.setEngine(engine);
    }
    if (unreadable > this.#unreadable) {
      log.warn("cannot read some networks of the Docker Engine", { count: unreadable });
    }
    this.#unreadable = unreadable;
    try {
      await this.routeController.discover(networks);
    } catch (error) {
      // Not a fault of the Engine: the next list tries again.
      if (!(error instanceof OperationError)) throw error;
      if (!this.#loggedFaults.has(error.report)) log.error(error.report);
      this.#loggedFaults.add(error.report);
    }
  }

  #onDisconnected(fault: OperationError): void {
    this.client.onDisconnected();
    this.containers.onDisconnected();
    if (this.#loggedFaults.has(fault.report)) return;
    this.#loggedFaults.add(fault.report);
    const isNormal = fault.cause === undefined || isConnectionLost(fault.cause);
    log[isNormal ? "info" : "warn"](`${fault.report}; it is tried again`);
  }
}

function clockField(aheadMs: number | undefined): { readonly clockSeconds?: number } {
  // Never -0.
  return aheadMs === undefined ? {} : { clockSeconds: Math.round(aheadMs / 1000) + 0 };
}
