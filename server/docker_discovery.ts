/**
 * Follows the Docker Engine's networks, says in the log what it finds, and tells `status` of it.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import type { DockerSetting } from "../core/config/config.ts";
import type { NetworkList } from "../core/engine/networks.ts";
import { OperationError } from "../core/error.ts";
import type { EngineClient } from "../system/engine/engine_client.ts";
import { isStop } from "../system/engine/engine_fault.ts";
import { EngineFollower } from "../system/engine/engine_follower.ts";
import { findEngine } from "../system/engine/find_engine.ts";
import { searchSockets } from "../system/engine/socket_search.ts";
import { dockerStatus } from "./docker_status.ts";
import type { RoutePlanner } from "./route_planner.ts";
import type { DockerStatus } from "./status_document.ts";

const log = getLogger("docker");

/** The Docker networks as routes. Disposal ends the following and leaves the routes. */
export class DockerDiscovery implements AsyncDisposable {
  readonly #planner: RoutePlanner;
  readonly #follower: EngineFollower;
  /** What was said since an Engine was last found, so that each fault is said once while it is tried again. */
  readonly #said = new Set<string>();
  #unreadable = 0;

  /**
   * Starts at once.
   *
   * @param setting the `docker` key, which is not "off"
   * @param planner told of the networks
   */
  constructor(setting: DockerSetting, planner: RoutePlanner) {
    this.#planner = planner;
    const named = setting.mode === "socket" ? { paths: [setting.path] } : undefined;
    this.#follower = new EngineFollower(
      { sockets: async () => named ?? await searchSockets(), find: findEngine },
      {
        found: (engine) => this.#found(engine),
        networks: (list) => this.#networks(list),
        lost: (fault) => this.#lost(fault),
      },
    );
  }

  /** What `status` shows. */
  get status(): DockerStatus {
    const { subnets, routes } = this.#planner;
    return dockerStatus(this.#follower.state, subnets, routes.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]();
  }

  #found({ path, version, api }: EngineClient): void {
    this.#said.clear();
    log.info("Docker Engine found", { socket: path, engine: version, api });
  }

  async #networks({ networks, unreadable }: NetworkList): Promise<void> {
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
    if (this.#said.has(fault.report)) return;
    this.#said.add(fault.report);
    const isNormal = fault.cause === undefined || isStop(fault.cause);
    log[isNormal ? "info" : "warn"](`${fault.report}; it is tried again`);
  }
}
