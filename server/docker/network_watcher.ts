/**
 * Follows the Docker Engine's networks, says in the log what it finds, and tells `status` of it.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import type { DockerSetting } from "../../core/config/config.ts";
import type { DockerNetwork, NetworkList } from "../../core/docker/networks.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { isStop } from "../../system/docker/engine_fault.ts";
import { EngineFollower } from "../../system/docker/engine_follower.ts";
import { findEngine } from "../../system/docker/find_engine.ts";
import { searchSockets, type SocketSearch } from "../../system/docker/socket_search.ts";
import { dockerStatus } from "./docker_status.ts";
import type { RoutePlanner } from "../routing/route_controller.ts";
import type { ContainerStatus, DockerStatus } from "../status/status_document.ts";

const log = getLogger("docker");

/** Who keeps the client container. */
export interface ClientKeeper extends AsyncDisposable {
  /** What `status` shows. */
  readonly status: ContainerStatus;
  /** An Engine answers, or something of it may have changed. */
  attend(engine: EngineClient): void;
  /** The client container or its image may have changed. */
  wake(): void;
  /** The Engine has gone. */
  lost(): void;
}

/** The Docker networks as routes. Disposal ends the following and leaves the routes. */
export class DockerDiscovery implements AsyncDisposable {
  readonly #planner: RoutePlanner;
  readonly #client: ClientKeeper;
  readonly #follower: EngineFollower;
  /** What was said since an Engine was last found, so that each fault is said once while it is tried again. */
  readonly #said = new Set<string>();
  readonly #notes = new LogOnChange();
  #unreadable = 0;

  /**
   * Starts at once.
   *
   * @param setting the `docker` key, which is not "off"
   * @param planner told of the networks
   * @param client told of the Engine; ended with this
   */
  constructor(setting: DockerSetting, planner: RoutePlanner, client: ClientKeeper) {
    this.#planner = planner;
    this.#client = client;
    const named = setting.mode === "socket" ? { paths: [setting.path] } : undefined;
    this.#follower = new EngineFollower(
      { sockets: async () => named ?? this.#noted(await searchSockets()), find: findEngine },
      {
        found: (engine) => this.#found(engine),
        networks: (list) => this.#networks(list),
        client: () => client.wake(),
        lost: (fault) => this.#lost(fault),
      },
    );
  }

  /** The networks as they were last listed. */
  get networks(): readonly DockerNetwork[] {
    return this.#follower.state.networks;
  }

  /** What `status` shows. */
  get status(): DockerStatus {
    const { subnets, routes } = this.#planner;
    return dockerStatus(this.#follower.state, subnets, routes.status, this.#client.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Together: what the keeper asks of the Engine is called off by the follower.
    await Promise.all([this.#client[Symbol.asyncDispose](), this.#follower[Symbol.asyncDispose]()]);
  }

  /** Says what a person should know of a search, once. */
  #noted(search: SocketSearch): SocketSearch {
    for (const note of search.notes ?? []) if (this.#notes.changed(note, note)) log.warn(note);
    return search;
  }

  #found({ path, version, api }: EngineClient): void {
    this.#said.clear();
    log.info("Docker Engine found", { socket: path, engine: version, api });
  }

  async #networks({ networks, unreadable }: NetworkList): Promise<void> {
    const { engine } = this.#follower.state;
    if (engine !== undefined) this.#client.attend(engine);
    if (unreadable > this.#unreadable) {
      log.warn("the Docker Engine lists networks that cannot be read", { count: unreadable });
    }
    this.#unreadable = unreadable;
    try {
      await this.#planner.discover(networks);
    } catch (error) {
      // It is no fault of the Engine's, which is tried again with the next list.
      if (!(error instanceof OperationError)) throw error;
      if (!this.#said.has(error.report)) log.error(error.report);
      this.#said.add(error.report);
    }
  }

  #lost(fault: OperationError): void {
    this.#client.lost();
    if (this.#said.has(fault.report)) return;
    this.#said.add(fault.report);
    const isNormal = fault.cause === undefined || isStop(fault.cause);
    log[isNormal ? "info" : "warn"](`${fault.report}; it is tried again`);
  }
}
