import { getLogger, LogOnChange } from "../../program/log.ts";
import { routeProblemStatus } from "../../program/status.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import { asOperationError, OperationError, type Problem } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { type Clock, soonest } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { decideAccessorRoutes, idleExclusions } from "../../core/sharing/accessor_routes.ts";
import type { Login } from "../../core/token/login.ts";
import { InterfaceReconciler } from "../../system/interface/interface_reconciler.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { ManagedRoutes, summarizePrefixes } from "../../system/routing/managed_routes.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";
import type { AccessorRouteStatus } from "../status/status_document.ts";

const log = getLogger("route");

/** The longest time for the removal of the routes at the end, by one program each on macOS. The rest goes with the interface. */
const MAX_CLEAR_MS = 2_000;

export interface JoinedNetworkDeps {
  readonly router: Router;
  readonly interfaceName: string;
  /** Networks that are not routed, host bits clear. */
  readonly excluded: readonly Prefix[];
  /** Where the server is reached. */
  readonly server: () => IpAddress | undefined;
  /** Called with the accessor's own address before packets can come. */
  readonly onAddress: (address: IpAddress) => void;
  /** Called with the sources that packets may have, before anything is routed there; and the network of all virtual addresses. */
  readonly onSources: (sources: readonly Prefix[], virtualNetwork: Prefix) => void;
  readonly clock?: Clock;
}

/**
 * The machine's membership of the server's network. Applies what the server announces: the interface's address and MTU, and
 * the routes of what it exposes, without the networks that the user excludes or that conflict with the machine's own. Changes
 * run one after the other.
 */
export class JoinedNetwork implements AsyncDisposable {
  /** The interface's active settings; undefined before the first login. */
  interface: InterfaceSettings | undefined;
  readonly #routes: ManagedRoutes;
  readonly #reconciler: InterfaceReconciler;
  readonly #said = new LogOnChange();
  #login: Login | undefined;
  #excludedNow: readonly Prefix[] = [];
  #fault: Problem | undefined;
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot change the network").report)
  );

  constructor(readonly deps: JoinedNetworkDeps) {
    const { router, interfaceName, clock = SYSTEM_CLOCK } = deps;
    const now = () => clock.now();
    this.#routes = new ManagedRoutes(router, interfaceName, log, now);
    this.#reconciler = new InterfaceReconciler({
      router,
      wanted: () => {
        if (this.interface === undefined) throw new TypeError("the interface has no settings yet");
        return this.interface;
      },
      onRepaired: () => log.info("interface repaired", { interface: interfaceName }),
      now,
    });
  }

  /** Why the interface is not as it should be; undefined when it is. */
  get fault(): Problem | undefined {
    return this.#fault ?? this.#reconciler.fault;
  }

  get routes(): AccessorRouteStatus[] {
    return [
      ...this.#routes.all.map(({ prefix, isActive, fault }) => ({
        prefix: formatPrefix(prefix),
        state: isActive ? "active" as const : "failed" as const,
        ...routeProblemStatus(fault),
      })),
      ...this.#excludedNow.map((prefix) => ({ prefix: formatPrefix(prefix), state: "excluded" as const })),
    ];
  }

  /** Removes the routes that a killed run left behind with an interface that outlives its program. */
  clearLeftovers(): Promise<void> {
    return this.#queue.run(async () => {
      const { router, interfaceName } = this.deps;
      const left = await router.listRoutes(interfaceName);
      if (left.length === 0) return;
      log.info("routes of an earlier run removed", { routes: summarizePrefixes(left) });
      await router.removeRoutes(left, interfaceName);
    });
  }

  /** Applies a login. A failure is logged once, shown by `status`, and tried again. */
  join(login: Login): Promise<void> {
    return this.#queue.run(() => {
      this.#login = login;
      return this.#guard(async () => {
        await this.#configure(login);
        await this.#route(login);
      });
    });
  }

  /**
   * Repairs what another program, a sleep or a change of networks did to the interface and its routes.
   *
   * @returns the milliseconds until the next call; undefined where nothing waits
   */
  reconcile(): Promise<number | undefined> {
    return this.#queue.run(async () => {
      const login = this.#login;
      if (login === undefined) return undefined;
      await this.#guard(async () => {
        if (this.interface === undefined) await this.#configure(login);
        await this.#reconciler.repair();
        await this.#route(login);
      });
      return soonest(this.#reconciler.nextRepair, this.#routes.nextDeadline);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.run(() => this.#routes.apply([], AbortSignal.timeout(MAX_CLEAR_MS)));
  }

  async #configure({ address, peer, mtu }: Login): Promise<void> {
    const { interfaceName: name, router, onAddress } = this.deps;
    const settings: InterfaceSettings = { name, mtu, address: address.address, peer };
    onAddress(settings.address);
    const words = wordsOf(settings);
    if (JSON.stringify(words) === JSON.stringify(this.interface && wordsOf(this.interface))) return;
    await router.configureInterface(settings);
    this.interface = settings;
    log.info("joined", words);
  }

  async #route({ routes, address, peer }: Login): Promise<void> {
    // Routes may have gone with an address, or by another program.
    await this.#routes.detectDrift();
    const { excluded, server } = this.deps;
    const foreign = await this.#listForeign();
    const decided = decideAccessorRoutes({ exposed: routes, excluded, foreign, server: server() });
    this.#excludedNow = decided.filter(({ isExcluded }) => isExcluded).map(({ prefix }) => prefix);
    for (const text of idleExclusions(routes, excluded).map(formatPrefix)) {
      const words =
        `Cannot exclude ${text} alone: it is part of a wider exposed network, which is routed as a whole`;
      if (this.#said.changed(`exclude ${text}`, words)) log.warn(words);
    }
    const routed = decided.filter(({ isExcluded }) => !isExcluded);
    const own: Prefix = { address: peer, length: 32 };
    const sources = routed.filter(({ fault }) => fault === undefined).map(({ prefix }) => prefix);
    this.deps.onSources([own, ...sources], maskPrefix(address));
    await this.#routes.apply(routed);
  }

  /** Without the list, networks are routed all the same: the system still refuses what is routed elsewhere. */
  async #listForeign(): Promise<readonly OtherRoute[]> {
    try {
      const list = await this.deps.router.listOtherRoutes(this.deps.interfaceName, 4);
      this.#said.clear("list");
      return list;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (this.#said.changed("list", error.report)) log.warn(error.report);
      return [];
    }
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#fault = undefined;
      this.#said.clear("fault");
    } catch (error) {
      const fault = this.#fault = asOperationError(error, "Cannot apply what the server announces");
      if (this.#said.changed("fault", fault.report)) log.error(fault.report);
    }
  }
}

function wordsOf({ name, address, peer, mtu }: InterfaceSettings) {
  return { interface: name, address: formatAddress(address), peer: formatAddress(peer), mtu };
}
