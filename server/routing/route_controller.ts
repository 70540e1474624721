/**
 * Keeps the routes as the configuration and the discovered Docker networks together ask for.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import type { Config } from "../../core/config/config.ts";
import type { DockerNetwork } from "../../core/docker/networks.ts";
import {
  computeDesiredRoutes,
  type OtherRoute,
  type SubnetDecision,
} from "../../core/routing/desired_routes.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { soonest } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import type { InterfaceReconciler } from "../../system/interface/interface_reconciler.ts";
import type { Router } from "../../system/routing/router.ts";
import type { ContainerRoutes } from "../docker/container_routes.ts";

const log = getLogger("route");

/** Decides on the routes again whenever something they depend on changed. */
export class RouteController {
  #networks: readonly DockerNetwork[] = [];
  #subnets: readonly SubnetDecision[] = [];
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot change routes").report)
  );
  readonly #faults = new LogOnChange();

  /**
   * @param router tells of the machine's own networks
   * @param routes applies the routes
   * @param ipv6 whether the tunnel carries IPv6
   * @param config the active configuration, asked for at each decision
   */
  constructor(
    readonly router: Pick<Router, "listOtherRoutes">,
    readonly routes: ContainerRoutes,
    readonly ipv6: boolean,
    readonly config: () => Config,
  ) {}

  /** What became of each subnet of each discovered network. */
  get subnets(): readonly SubnetDecision[] {
    return this.#subnets;
  }

  /** Takes the discovered networks over; the promise is kept once their routes are active. */
  discover(networks: readonly DockerNetwork[]): Promise<void> {
    this.#networks = networks;
    return this.refresh();
  }

  /**
   * Applies the routes that are wanted now, one call after the other.
   *
   * @throws {OperationError} when no route can be changed at all
   */
  refresh(): Promise<void> {
    return this.#queue.run(() => this.#refreshNow());
  }

  /**
   * Puts right what another program, a sleep or a change of networks did to the interface and its routes. What fails is
   * logged once.
   *
   * @param reconciler puts the interface right, before its routes
   * @returns the milliseconds after which to come back; undefined where nothing waits
   */
  reconcile(reconciler: Pick<InterfaceReconciler, "repair" | "nextRepair">): Promise<number | undefined> {
    return this.#queue.run(async () => {
      try {
        await reconciler.repair();
        await this.routes.detectDrift();
        await this.#refreshNow();
        this.#faults.clear("reconcile");
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        if (this.#faults.changed("reconcile", error.report)) log.error(error.report);
      }
      return soonest(reconciler.nextRepair, this.routes.nextDeadline);
    });
  }

  /**
   * Removes every route, once what is under way is done.
   *
   * @param until when it is aborted, what is left goes with the interface
   */
  clear(until?: AbortSignal): Promise<void> {
    return this.#queue.run(() => this.routes.clear(until));
  }

  async #refreshNow(): Promise<void> {
    const config = this.config();
    const networks = this.#networks;
    const families = new Set(networks.flatMap(({ subnets }) => subnets.map(({ address }) => address.family)));
    const foreign = (await Promise.all([...families].map((family) => this.#listForeign(family)))).flat();
    const { routes, subnets } = computeDesiredRoutes({ config, ipv6: this.ipv6, networks, foreign });
    this.#subnets = subnets;
    await this.routes.apply(routes);
  }

  /** Without the list, networks are routed all the same: the system still refuses what is routed elsewhere. */
  async #listForeign(family: 4 | 6): Promise<readonly OtherRoute[]> {
    try {
      const list = await this.router.listOtherRoutes(this.routes.interfaceName, family);
      this.#faults.clear(`list ${family}`);
      return list;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (this.#faults.changed(`list ${family}`, error.report)) log.warn(error.report);
      return [];
    }
  }
}
