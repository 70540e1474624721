import { type Clock, soonest } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import type { Config } from "../../core/config/config.ts";
import type { DockerNetwork } from "../../core/docker/engine_json.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import {
  computeDesiredRoutes,
  type DesiredRoute,
  type OtherRoute,
  type SubnetDecision,
} from "../../core/routing/desired_routes.ts";
import { divertedProblem } from "../../core/routing/diverted_route.ts";
import type { RouteProblem } from "../../core/routing/route_problem.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { routeProblemStatus } from "../../program/status.ts";
import type { InterfaceReconciler } from "../../system/interface/interface_reconciler.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { ManagedRoutes } from "../../system/routing/managed_routes.ts";
import type { DirectWay } from "../../system/routing/direct_way_linux.ts";
import type { Router } from "../../system/routing/router.ts";
import type { RouteStatus } from "../status/status_document.ts";
import type { DirectRoutes } from "./direct_routes.ts";

const log = getLogger("route");

/** Milliseconds after a look that failed until the next: what was lacking, such as a descriptor, may be there again. */
const RETRY_MS = 2_000;

export interface RouteDeps {
  readonly router: Pick<
    Router,
    "listOtherRoutes" | "addRoutes" | "removeRoutes" | "listMissing" | "findDiverted"
  >;
  readonly interfaceName: string;
  /** Whether the tunnel carries IPv6. */
  readonly ipv6: boolean;
  /** Leads routes without the tunnel; absent where the system cannot. */
  readonly direct?: Pick<DirectRoutes, "apply" | "wayOf">;
  /** Returns the active configuration; called at each decision. */
  readonly config: () => Config;
  readonly clock?: Clock;
}

/**
 * Keeps the routes as the configuration and the discovered Docker networks together ask for: decides again whenever
 * something they depend on has changed.
 */
export class RouteController {
  /** What became of each subnet of each discovered network. */
  subnets: readonly SubnetDecision[] = [];
  readonly #routes: ManagedRoutes;
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot change routes").report)
  );
  readonly #faults = new LogOnChange();
  #networks: readonly DockerNetwork[] = [];
  /** Who asked for each route, by its prefix. */
  #wanted: ReadonlyMap<string, DesiredRoute> = new Map();
  /** The routes whose packets go elsewhere although the system has them, by their prefix. */
  #diverted: ReadonlyMap<string, RouteProblem> = new Map();
  /** The tunnel interfaces that there were at the last look: their routes may come and go, their addresses stay. */
  #vpns: ReadonlySet<string> = new Set();
  /** The way without the tunnel, while packets take it. */
  #way: DirectWay | undefined;

  constructor(readonly deps: RouteDeps) {
    const { router, interfaceName, clock = SYSTEM_CLOCK } = deps;
    this.#routes = new ManagedRoutes(router, interfaceName, log, () => clock.now());
  }

  /** Every wanted route and its state. */
  get status(): RouteStatus[] {
    return this.#routes.all.map(({ prefix, isActive, installed, fault }) => {
      const text = formatPrefix(prefix);
      const { source = "config", network } = this.#wanted.get(text) ?? {};
      const [first = prefix] = installed.values();
      const halves = [...installed.keys()].filter((each) => each !== text);
      const way = this.deps.direct?.wayOf(first);
      const diverted = isActive ? this.#diverted.get(text) : undefined;
      return {
        prefix: text,
        source,
        ...network === undefined ? {} : { network },
        state: isActive && diverted === undefined ? "active" : "failed",
        ...way === undefined ? {} : { via: formatAddress(way.machine) },
        ...halves.length > 0 ? { halves } : {},
        ...routeProblemStatus(diverted ?? fault),
      };
    });
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
      let retry: number | undefined;
      try {
        await reconciler.repair();
        await this.#routes.detectDrift();
        await this.#refreshNow();
        this.#faults.clear("reconcile");
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        if (this.#faults.changed("reconcile", error.report)) log.error(error.report);
        retry = RETRY_MS;
      }
      return soonest(reconciler.nextRepair, this.#routes.nextDeadline, retry);
    });
  }

  /** Leads the routes by this way from now on; undefined: into the tunnel. */
  lead(way: DirectWay | undefined): void {
    this.#way = way;
    this.#queue.start(() => this.#lead());
  }

  /** Removes every route, once what is under way is done. When `until` is aborted, what is left goes with the interface. */
  clear(until?: AbortSignal): Promise<void> {
    this.#way = undefined;
    return this.#queue.run(() => this.#apply([], until));
  }

  async #refreshNow(): Promise<void> {
    const config = this.deps.config();
    const networks = this.#networks;
    const lines = config.routes.map(({ prefix }) => prefix);
    const prefixes = [...lines, ...networks.flatMap(({ subnets }) => subnets)];
    const families = new Set(prefixes.map(({ address }) => address.family));
    const foreign = (await Promise.all([...families].map((family) => this.#listForeign(family)))).flat();
    this.#noteVpns(foreign);
    const { routes, subnets } = computeDesiredRoutes({ config, ipv6: this.deps.ipv6, networks, foreign });
    this.subnets = subnets;
    await this.#apply(routes);
    await this.#findDiverted();
  }

  /** The end of a VPN ends what it did to routes: none has to wait any longer. */
  #noteVpns(foreign: readonly OtherRoute[]): void {
    const vpns = new Set(
      foreign.flatMap(({ isTunnel, interfaceName }) =>
        isTunnel === true && interfaceName !== undefined ? [interfaceName] : []
      ),
    );
    if ([...this.#vpns].some((name) => !vpns.has(name))) this.#routes.forgive();
    this.#vpns = vpns;
  }

  /** A rule of another program is left alone. It is logged once. */
  async #findDiverted(): Promise<void> {
    const { router, interfaceName } = this.deps;
    const active = this.#routes.all.filter(({ isActive }) => isActive).map(({ prefix }) => prefix);
    const found = await router.findDiverted(active, interfaceName);
    const before = this.#diverted;
    this.#diverted = new Map(found.map((each) => [formatPrefix(each.prefix), divertedProblem(each)]));
    for (const [prefix, { message }] of this.#diverted) {
      if (message !== before.get(prefix)?.message) log.warn(message);
    }
  }

  async #apply(wanted: readonly DesiredRoute[], until?: AbortSignal): Promise<void> {
    this.#wanted = new Map(wanted.map((route) => [formatPrefix(route.prefix), route]));
    await this.#routes.apply(wanted, until);
    this.#lead();
  }

  /** The routes into the tunnel stay as they are. That of the accessors' answers has no other way. */
  #lead(): void {
    const virtual = maskPrefix(this.deps.config().addr);
    const routes: Prefix[] = this.#routes.all
      .filter(({ prefix, isActive }) => isActive && !equalPrefix(prefix, virtual))
      .flatMap(({ installed }) => [...installed.values()]);
    this.deps.direct?.apply(routes, this.#way);
  }

  /** Without the list, networks are routed all the same: the system still refuses what is routed elsewhere. */
  async #listForeign(family: 4 | 6): Promise<readonly OtherRoute[]> {
    const subject = `list ${family}`;
    try {
      const list = await this.deps.router.listOtherRoutes(this.deps.interfaceName, family);
      this.#faults.clear(subject);
      return list;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (this.#faults.changed(subject, error.report)) log.warn(error.report);
      return [];
    }
  }
}
