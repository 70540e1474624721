/**
 * Interfaces and routes of macOS, through /sbin/ifconfig, /sbin/route and /usr/sbin/netstat. The paths are absolute
 * because launchd gives a service a short PATH.
 *
 * @module
 */
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import type { OperationError } from "../../core/error.ts";
import { equalAddress, formatAddress, type IpAddress } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { type CommandOutcome, type RunCommand, runCommand } from "../process/command.ts";
import { IFCONFIG, NETSTAT, ROUTE } from "../process/programs_darwin.ts";
import { type InterfaceAddress, type InterfaceState, parseInterfaceState } from "./interface_state_darwin.ts";
import {
  parseFoundRoute,
  parseReachedNetworks,
  parseRouteTable,
  type ShownRoute,
} from "./route_listing_darwin.ts";
import type { InterfaceSettings, RouteFailure, Router } from "./router.ts";
import {
  commandFault,
  hasFailed,
  interfaceFault,
  routeConflict,
  saysAbsent,
  saysExists,
  saysNoInterface,
} from "./router_darwin_fault.ts";

const FAMILY_FLAG = { 4: "-inet", 6: "-inet6" } as const;

/** The router of the Mac. */
export class DarwinRouter implements Router {
  readonly #run: RunCommand;

  /** @param run how programs are run; a test gives another */
  constructor(run: RunCommand = runCommand) {
    this.#run = run;
  }

  /** Sets IPv4 and link, then IPv6; addresses that are not in the settings are taken away. */
  async configureInterface(settings: InterfaceSettings): Promise<void> {
    const { name, mtu, address, peer, address6, peer6 } = settings;
    const action = `configure interface ${name}`;
    const before = await this.#interfaceState(action, name);
    const has = (local: IpAddress, peer: IpAddress) =>
      before.addresses.some((existing) => isPair(existing, local, peer));
    const isWanted = (existing: InterfaceAddress) =>
      isPair(existing, address, peer) || (address6 && peer6 && isPair(existing, address6, peer6));
    const unwanted = before.addresses.filter((existing) =>
      !isWanted(existing) && !isLinkLocal(existing.local)
    );
    // Routes go with the interface's last address.
    const routes = unwanted.length > 0 ? await this.listRoutes(name) : [];
    await this.#takeAddresses(action, name, unwanted);
    if (!has(address, peer)) {
      const pair = [`${formatAddress(address)}/32`, formatAddress(peer)];
      await this.#succeed(action, [IFCONFIG, name, "inet", ...pair, "mtu", `${mtu}`, "up"]);
    } else if (before.mtu !== mtu || !before.isUp) {
      await this.#succeed(action, [IFCONFIG, name, "mtu", `${mtu}`, "up"]);
    }
    await this.#restore(routes, 4, name);
    if (address6 !== undefined && peer6 !== undefined && !has(address6, peer6)) {
      await this.#giveIpv6(name, address6, peer6);
    }
    if (address6 !== undefined) await this.#restore(routes, 6, name);
  }

  /**
   * Takes from an interface what a run that ended has left on it: the routes that programs led there, and all addresses. An
   * interface without the run's pair of addresses is somebody else's by now.
   *
   * @returns the routes; undefined where there is no such interface any more
   */
  async strip(name: string, address: IpAddress, peer: IpAddress): Promise<Prefix[] | undefined> {
    const outcome = await this.#run([IFCONFIG, name]);
    const { addresses } = parseInterfaceState(outcome.stdout);
    if (hasFailed(outcome) || !addresses.some((pair) => isPair(pair, address, peer))) return undefined;
    const routes = await this.listRoutes(name);
    for (const { error } of await this.removeRoutes(routes, name)) throw error;
    await this.#takeAddresses(`clean interface ${name}`, name, addresses);
    return routes;
  }

  async #takeAddresses(action: string, name: string, addresses: readonly InterfaceAddress[]): Promise<void> {
    for (const { local } of addresses) {
      if (isLinkLocal(local)) continue;
      const family = local.family === 4 ? "inet" : "inet6";
      await this.#succeed(action, [IFCONFIG, name, family, formatAddress(local), "-alias"]);
    }
  }

  /** See `Router`. */
  async hasDrifted(settings: InterfaceSettings): Promise<boolean> {
    const { isWrong, lacksIpv4, lacksIpv6 } = await this.#diffInterface(settings);
    return isWrong || lacksIpv4 || lacksIpv6;
  }

  /** See `Router`. */
  async repairInterface(settings: InterfaceSettings): Promise<void> {
    const { name, mtu, address, peer, address6, peer6 } = settings;
    const { isWrong, lacksIpv4, lacksIpv6 } = await this.#diffInterface(settings);
    const pair = lacksIpv4 ? ["inet", `${formatAddress(address)}/32`, formatAddress(peer)] : [];
    if (isWrong || lacksIpv4) {
      await this.#succeed(`repair interface ${name}`, [IFCONFIG, name, ...pair, "mtu", `${mtu}`, "up"]);
    }
    if (lacksIpv6 && address6 !== undefined && peer6 !== undefined) {
      await this.#giveIpv6(name, address6, peer6);
    }
  }

  /** What an interface lacks of its settings. */
  async #diffInterface({ name, mtu, address, peer, address6, peer6 }: InterfaceSettings) {
    const state = await this.#interfaceState(`look at interface ${name}`, name);
    const lacks = (local: IpAddress, other: IpAddress) =>
      !state.addresses.some((existing) => isPair(existing, local, other));
    return {
      isWrong: !state.isUp || state.mtu !== mtu,
      lacksIpv4: lacks(address, peer),
      lacksIpv6: address6 !== undefined && peer6 !== undefined && lacks(address6, peer6),
    };
  }

  async #giveIpv6(name: string, local: IpAddress, peer: IpAddress): Promise<void> {
    const pair = [formatAddress(local), formatAddress(peer), "prefixlen", "128"];
    const giving = `give interface ${name} the address ${formatAddress(local)}`;
    await this.#succeed(giving, [IFCONFIG, name, "inet6", ...pair, "alias"], 6);
  }

  async #restore(routes: readonly Prefix[], family: 4 | 6, interfaceName: string): Promise<void> {
    const lost = routes.filter(({ address }) => address.family === family);
    for (const { error } of await this.#addEach(lost, interfaceName)) throw error;
  }

  /** See `Router`. */
  async addRoute(prefix: Prefix, interfaceName: string): Promise<void> {
    for (const { error } of await this.addRoutes([prefix], interfaceName)) throw error;
  }

  /** See `Router`. */
  async removeRoute(prefix: Prefix, interfaceName: string): Promise<void> {
    for (const { error } of await this.removeRoutes([prefix], interfaceName)) throw error;
  }

  /** See `Router`. */
  async addRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    await this.#interfaceState(`add routes to ${interfaceName}`, interfaceName);
    return await this.#addEach(prefixes, interfaceName);
  }

  async #addEach(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    return await eachPrefix(prefixes, async (network) => {
      const argv = [...routeCommand("add", network), "-interface", interfaceName];
      const outcome = await this.#run(argv);
      if (!hasFailed(outcome)) return undefined;
      const found = await this.#routeOf(network);
      if (found?.interfaceName === interfaceName) return undefined;
      const text = formatPrefix(network);
      if (!saysExists(outcome)) return commandFault(`route ${text} to ${interfaceName}`, outcome);
      return routeConflict(text, network.address.family, interfaceName, found?.interfaceName);
    });
  }

  /** See `Router`. `route delete` goes by the destination alone, so the owner is asked for first. */
  async removeRoutes(
    prefixes: readonly Prefix[],
    interfaceName: string,
    until?: AbortSignal,
  ): Promise<RouteFailure[]> {
    return await eachPrefix(prefixes, async (network) => {
      const found = await this.#routeOf(network);
      if (found?.interfaceName !== interfaceName) return undefined;
      const outcome = await this.#run(routeCommand("delete", network));
      if (!hasFailed(outcome) || saysAbsent(outcome)) return undefined;
      return commandFault(`remove the route ${formatPrefix(network)} from ${interfaceName}`, outcome);
    }, until);
  }

  /** See `Router`. */
  async listRoutes(interfaceName: string): Promise<Prefix[]> {
    const prefixes: Prefix[] = [];
    for (const family of [4, 6] as const) {
      const text = await this.#routeTable(`list the routes of ${interfaceName}`, family);
      for (const route of parseRouteTable(text, family)) {
        if (route.interfaceName === interfaceName) prefixes.push(maskPrefix(route.prefix));
      }
    }
    return prefixes;
  }

  /** See `Router`. */
  async listMissing(prefixes: readonly Prefix[], interfaceName: string): Promise<Prefix[]> {
    const families = new Set(prefixes.map(({ address }) => address.family));
    const present = new Set<string>();
    for (const family of families) {
      const text = await this.#routeTable(`list the routes of ${interfaceName}`, family);
      for (const route of parseRouteTable(text, family)) {
        if (route.interfaceName === interfaceName) present.add(formatPrefix(maskPrefix(route.prefix)));
      }
    }
    return prefixes.filter((prefix) => !present.has(formatPrefix(maskPrefix(prefix))));
  }

  /** See `Router`. */
  async listOtherRoutes(interfaceName: string, family: 4 | 6): Promise<OtherRoute[]> {
    const text = await this.#routeTable("list the routes of this machine", family);
    return parseReachedNetworks(text, family).filter((route) => route.interfaceName !== interfaceName);
  }

  async #routeTable(action: string, family: 4 | 6): Promise<string> {
    const argv = [NETSTAT, "-nr", "-f", family === 4 ? "inet" : "inet6"];
    return (await this.#succeed(action, argv)).stdout;
  }

  /** The route of exactly this prefix, wherever it leads. */
  async #routeOf(network: Prefix): Promise<ShownRoute | undefined> {
    const { family } = network.address;
    const { stdout } = await this.#run([ROUTE, "-n", "get", FAMILY_FLAG[family], formatPrefix(network)]);
    const found = parseFoundRoute(stdout, family);
    return found !== undefined && equalPrefix(found.prefix, network) ? found : undefined;
  }

  async #interfaceState(action: string, name: string): Promise<InterfaceState> {
    const outcome = await this.#run([IFCONFIG, name]);
    if (saysNoInterface(outcome)) throw interfaceFault(action, name);
    if (hasFailed(outcome)) throw commandFault(action, outcome);
    return parseInterfaceState(outcome.stdout);
  }

  async #succeed(action: string, argv: readonly string[], family: 4 | 6 = 4): Promise<CommandOutcome> {
    const outcome = await this.#run(argv);
    if (hasFailed(outcome)) throw commandFault(action, outcome, family);
    return outcome;
  }
}

function routeCommand(verb: "add" | "delete", network: Prefix): string[] {
  return [ROUTE, "-q", "-n", verb, FAMILY_FLAG[network.address.family], formatPrefix(network)];
}

/** Prefixes that are worked on at the same time: each waits for a program or two, which take some milliseconds. */
const LANES = 4;

/**
 * Works through the prefixes' networks, a few at a time, and gathers what failed in the order of the prefixes.
 *
 * @param until no prefix is begun once it is aborted
 * @throws {OperationError} without privilege, which no other prefix of the batch would have either, and when a program
 * cannot be run; no prefix is begun after that
 */
async function eachPrefix(
  prefixes: readonly Prefix[],
  work: (network: Prefix) => Promise<OperationError | undefined>,
  until?: AbortSignal,
): Promise<RouteFailure[]> {
  const errors: (OperationError | undefined)[] = [];
  const waiting = prefixes.entries();
  let isStopped = false;
  const lane = async () => {
    for (const [index, prefix] of waiting) {
      if (isStopped || until?.aborted === true) return;
      try {
        const error = await work(maskPrefix(prefix));
        if (error?.code === "privilege") throw error;
        errors[index] = error;
      } catch (error) {
        isStopped = true;
        throw error;
      }
    }
  };
  // The batch is over only when every lane is: the caller begins the next one then.
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
  return prefixes.flatMap((prefix, index) => {
    const error = errors[index];
    return error === undefined ? [] : [{ prefix, error }];
  });
}

function isPair(existing: InterfaceAddress, local: IpAddress, peer: IpAddress): boolean {
  return existing.peer !== undefined && equalAddress(existing.local, local) &&
    equalAddress(existing.peer, peer);
}

/** fe80::/10, which the system gives by itself (RFC 4291 section 2.5.6). */
function isLinkLocal({ family, bytes }: IpAddress): boolean {
  return family === 6 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}
