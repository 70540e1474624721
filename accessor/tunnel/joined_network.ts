/**
 * Puts in force what the server tells: the interface's address and MTU, and the routes of what it exposes, but for what the
 * user excludes and what clashes with the machine's own networks.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { OnceEach } from "../../program/log_on_change.ts";
import type { ForeignPrefix } from "../../core/routing/desired_routes.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { decideAccessorRoutes, idleExclusions } from "../../core/sharing/accessor_routes.ts";
import type { Login } from "../../core/token/login.ts";
import { InterfaceKeeper } from "../../system/interface/interface_reconciler.ts";
import { KeptRoutes, summarizePrefixes } from "../../system/routing/managed_routes.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";
import type { AccessorRouteStatus } from "../status/status_document.ts";

const log = getLogger("route");

/** Milliseconds that removing the routes may take at the end, on macOS by a program each; what is left goes with the interface. */
const CLEAR_LIMIT = 2_000;

/** What the network is made of. */
export interface JoinedNetworkSettings {
  readonly router: Router;
  /** The interface's name. */
  readonly interfaceName: string;
  /** Networks that are not routed, host bits clear. */
  readonly excluded: readonly Prefix[];
  /** Where the server is reached. */
  readonly server: () => IpAddress | undefined;
  /** Told of the accessor's own address before packets can come. */
  readonly onAddress: (address: IpAddress) => void;
  /** Told where packets may come from, before anything is routed there; and of the network of all virtual addresses. */
  readonly onSources: (sources: readonly Prefix[], virtualNetwork: Prefix) => void;
  /** Milliseconds on a steady scale. */
  readonly now?: () => number;
}

/** The machine's place in the server's network. Its works are done one after the other. */
export class JoinedNetwork implements AsyncDisposable {
  readonly #settings: JoinedNetworkSettings;
  readonly #routes: KeptRoutes;
  readonly #keeper: InterfaceKeeper;
  readonly #said = new OnceEach();
  #login: Login | undefined;
  #interface: InterfaceSettings | undefined;
  #excludedNow: readonly Prefix[] = [];
  #fault: string | undefined;
  readonly #queue = new SerialQueue((error) =>
    log.error(asOperationError(error, "Cannot change the network").report)
  );

  constructor(settings: JoinedNetworkSettings) {
    this.#settings = settings;
    const { router, interfaceName, now = () => performance.now() } = settings;
    this.#routes = new KeptRoutes(router, interfaceName, log, now);
    this.#keeper = new InterfaceKeeper({
      router,
      wanted: () => this.#wantedInterface(),
      onRepaired: () => log.info("interface put right again", { interface: interfaceName }),
      now,
    });
  }

  /** The interface's settings in force; undefined before the first login. */
  get interface(): InterfaceSettings | undefined {
    return this.#interface;
  }

  /** Why the interface is not as it should be; undefined when it is. */
  get fault(): string | undefined {
    return this.#fault ?? this.#keeper.fault;
  }

  /** Every exposed network and its state. */
  get routes(): AccessorRouteStatus[] {
    const kept = this.#routes.all.map(({ prefix, isActive, fault }): AccessorRouteStatus => ({
      prefix: formatPrefix(prefix),
      state: isActive ? "active" : "failed",
      ...fault === undefined ? {} : { fault },
    }));
    const excluded = this.#excludedNow.map((prefix): AccessorRouteStatus => ({
      prefix: formatPrefix(prefix),
      state: "excluded",
    }));
    return [...kept, ...excluded];
  }

  /** Removes the routes that a killed run left behind with an interface that outlives its program. */
  clearLeftovers(): Promise<void> {
    return this.#queue.run(async () => {
      const { router, interfaceName } = this.#settings;
      const left = await router.listRoutes(interfaceName);
      if (left.length === 0) return;
      log.info("routes of an earlier run removed", { routes: summarizePrefixes(left) });
      await router.removeRoutes(left, interfaceName);
    });
  }

  /** Puts a login in force. What fails is logged once, shown by `status` and tried again. */
  join(login: Login): Promise<void> {
    return this.#queue.run(() => {
      this.#login = login;
      return this.#guard(async () => {
        await this.#configure(login);
        // Routes may have gone with an address.
        await this.#routes.findLost();
        await this.#route(login);
      });
    });
  }

  /**
   * Puts right what another program, a sleep or a change of networks did to the interface and its routes.
   *
   * @returns the milliseconds after which to come back; undefined where nothing waits
   */
  reconcile(): Promise<number | undefined> {
    return this.#queue.run(async () => {
      const login = this.#login;
      if (login === undefined) return undefined;
      await this.#guard(async () => {
        if (this.#interface === undefined) await this.#configure(login);
        await this.#keeper.repair();
        await this.#routes.findLost();
        await this.#route(login);
      });
      const times = [this.#keeper.nextRepair, this.#routes.nextRestoration].filter((time) =>
        time !== undefined
      );
      return times.length === 0 ? undefined : Math.min(...times);
    });
  }

  /** Removes the routes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.run(() => this.#routes.apply([], AbortSignal.timeout(CLEAR_LIMIT)));
  }

  async #configure({ address, peer, mtu }: Login): Promise<void> {
    const name = this.#settings.interfaceName;
    const settings: InterfaceSettings = { name, mtu, address: address.address, peer };
    this.#settings.onAddress(settings.address);
    if (wordsOf(this.#interface) === wordsOf(settings)) return;
    await this.#settings.router.configureInterface(settings);
    this.#interface = settings;
    const [own, other] = [formatAddress(settings.address), formatAddress(peer)];
    log.info("joined", { interface: name, address: own, peer: other, mtu });
  }

  async #route({ routes, address, peer }: Login): Promise<void> {
    const { excluded, server } = this.#settings;
    const foreign = await this.#listForeign();
    const decided = decideAccessorRoutes({ exposed: routes, excluded, foreign, server: server() });
    this.#excludedNow = decided.filter(({ isExcluded }) => isExcluded).map(({ prefix }) => prefix);
    for (const prefix of idleExclusions(routes, excluded)) {
      const text = formatPrefix(prefix);
      if (!this.#said.isNews(`exclude ${text}`, "idle")) continue;
      log.warn(
        `Cannot exclude ${text} alone: it is part of a wider exposed network, which is routed as a whole`,
      );
    }
    const routed = decided.filter(({ isExcluded }) => !isExcluded);
    const own: Prefix = { address: peer, length: 32 };
    const sources = routed.filter(({ fault }) => fault === undefined).map(({ prefix }) => prefix);
    this.#settings.onSources([own, ...sources], maskPrefix(address));
    await this.#routes.apply(routed);
  }

  /** Without the list, networks are routed all the same: the system still refuses what is routed elsewhere. */
  async #listForeign(): Promise<readonly ForeignPrefix[]> {
    try {
      const list = await this.#settings.router.listForeignPrefixes(this.#settings.interfaceName, 4);
      this.#said.settle("list");
      return list;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (this.#said.isNews("list", error.report)) log.warn(error.report);
      return [];
    }
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#fault = undefined;
      this.#said.settle("fault");
    } catch (error) {
      const { report } = asOperationError(error, "Cannot put in force what the server tells");
      this.#fault = report;
      if (this.#said.isNews("fault", report)) log.error(report);
    }
  }

  #wantedInterface(): InterfaceSettings {
    if (this.#interface === undefined) throw new TypeError("the interface has no settings yet");
    return this.#interface;
  }
}

function wordsOf(settings: InterfaceSettings | undefined): string {
  if (settings === undefined) return "";
  return `${formatAddress(settings.address)} ${formatAddress(settings.peer)} ${settings.mtu}`;
}
