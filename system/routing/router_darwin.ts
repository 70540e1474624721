import type { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress, isLinkLocal } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import { type CommandOutcome, type RunCommand, runCommand } from "../process/command.ts";
import {
  type AddressPair,
  compareInterface,
  type InterfaceAddress,
  type InterfaceDrift,
  interfaceFault,
  type InterfaceState,
  isPair,
  routeConflict,
} from "./interface_drift.ts";
import {
  parseFoundRoute,
  parseInterfaceState,
  parseReachedNetworks,
  parseRouteTable,
  type ShownRoute,
} from "./network_listing_darwin.ts";
import { commandFault, hasFailed, IFCONFIG, NETSTAT, ROUTE, says } from "./programs_darwin.ts";
import { type InterfaceSettings, type RouteFailure, Router } from "./router.ts";

const FAMILY_NAME = { 4: "inet", 6: "inet6" } as const;

/** The router of the Mac, through ifconfig, route and netstat. */
export class DarwinRouter extends Router {
  constructor(private readonly run: RunCommand = runCommand) {
    super();
  }

  /** Sets IPv4 and link, then IPv6; addresses that are not in the settings are taken away. */
  async configureInterface(settings: InterfaceSettings): Promise<void> {
    const { name, address6 } = settings;
    const action = `configure interface ${name}`;
    const drift = compareInterface(await this.#interfaceState(action, name), settings);
    // Routes go with the interface's last address.
    const routes = drift.surplus.length > 0 ? await this.listRoutes(name) : [];
    await this.#takeAddresses(action, name, drift.surplus);
    await this.#setIpv4(action, settings, drift);
    await this.#restore(routes, 4, name);
    await this.#giveIpv6(name, drift);
    if (address6 !== undefined) await this.#restore(routes, 6, name);
  }

  /**
   * Takes from an interface what a run that ended has left on it: the routes that programs led there, and all addresses. An
   * interface without the run's pair of addresses is somebody else's by now.
   *
   * @returns the routes; undefined where there is no such interface any more
   */
  async strip(name: string, address: IpAddress, peer: IpAddress): Promise<Prefix[] | undefined> {
    const outcome = await this.run([IFCONFIG, name]);
    const { addresses } = parseInterfaceState(outcome.stdout);
    const pair: AddressPair = { local: address, peer };
    if (hasFailed(outcome) || !addresses.some((existing) => isPair(existing, pair))) return undefined;
    const routes = await this.listRoutes(name);
    for (const { error } of await this.removeRoutes(routes, name)) throw error;
    const given = addresses.filter(({ local }) => !isLinkLocal(local));
    await this.#takeAddresses(`clean interface ${name}`, name, given);
    return routes;
  }

  protected async lookAt(settings: InterfaceSettings): Promise<InterfaceDrift> {
    const { name } = settings;
    return compareInterface(await this.#interfaceState(`look at interface ${name}`, name), settings);
  }

  async repairInterface(settings: InterfaceSettings): Promise<void> {
    const drift = await this.lookAt(settings);
    await this.#setIpv4(`repair interface ${settings.name}`, settings, drift);
    await this.#giveIpv6(settings.name, drift);
  }

  async #takeAddresses(action: string, name: string, addresses: readonly InterfaceAddress[]): Promise<void> {
    for (const { local } of addresses) {
      const argv = [IFCONFIG, name, FAMILY_NAME[local.family], formatAddress(local), "-alias"];
      await this.#succeed(action, argv);
    }
  }

  /** Gives the IPv4 pair, if it is lost, and sets the link, if anything is not as it should be. */
  async #setIpv4(action: string, settings: InterfaceSettings, drift: InterfaceDrift): Promise<void> {
    const { name, mtu } = settings;
    const lost = drift.lost.find(({ local }) => local.family === 4);
    if (!drift.isWrong && lost === undefined) return;
    const ends = lost ? ["inet", `${formatAddress(lost.local)}/32`, formatAddress(lost.peer)] : [];
    await this.#succeed(action, [IFCONFIG, name, ...ends, "mtu", `${mtu}`, "up"]);
  }

  /** Gives the IPv6 pair, if it is lost. */
  async #giveIpv6(name: string, { lost }: InterfaceDrift): Promise<void> {
    for (const { local, peer } of lost) {
      if (local.family !== 6) continue;
      const ends = [formatAddress(local), formatAddress(peer), "prefixlen", "128"];
      const action = `give interface ${name} the address ${formatAddress(local)}`;
      await this.#succeed(action, [IFCONFIG, name, "inet6", ...ends, "alias"], 6);
    }
  }

  async #restore(routes: readonly Prefix[], family: 4 | 6, interfaceName: string): Promise<void> {
    const lost = routes.filter(({ address }) => address.family === family);
    for (const { error } of await this.#addEach(lost, interfaceName)) throw error;
  }

  async addRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    await this.#interfaceState(`add routes to ${interfaceName}`, interfaceName);
    return await this.#addEach(prefixes, interfaceName);
  }

  async #addEach(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    return await eachPrefix(prefixes, async (network) => {
      const outcome = await this.run([...routeCommand("add", network), "-interface", interfaceName]);
      if (!hasFailed(outcome)) return undefined;
      const found = await this.#routeOf(network);
      if (found?.interfaceName === interfaceName) return undefined;
      const text = formatPrefix(network);
      if (!says(outcome, /file exists/i)) return commandFault(`route ${text} to ${interfaceName}`, outcome);
      const removal = `sudo route -n delete -${FAMILY_NAME[network.address.family]} ${text}`;
      return routeConflict(text, interfaceName, found?.interfaceName, removal);
    });
  }

  /** `route delete` goes by the destination alone, so the owner is asked for first. */
  async removeRoutes(
    prefixes: readonly Prefix[],
    interfaceName: string,
    until?: AbortSignal,
  ): Promise<RouteFailure[]> {
    return await eachPrefix(prefixes, async (network) => {
      const found = await this.#routeOf(network);
      if (found?.interfaceName !== interfaceName) return undefined;
      const outcome = await this.run(routeCommand("delete", network));
      if (!hasFailed(outcome) || says(outcome, /not in table/i)) return undefined;
      return commandFault(`remove the route ${formatPrefix(network)} from ${interfaceName}`, outcome);
    }, until);
  }

  async listRoutes(interfaceName: string): Promise<Prefix[]> {
    return await this.routedTo(interfaceName, [4, 6]);
  }

  protected async routedTo(interfaceName: string, families: readonly (4 | 6)[]): Promise<Prefix[]> {
    const prefixes: Prefix[] = [];
    for (const family of families) {
      const text = await this.#routeTable(`list the routes of ${interfaceName}`, family);
      const routes = parseRouteTable(text, family).filter((route) => route.interfaceName === interfaceName);
      prefixes.push(...routes.map(({ prefix }) => maskPrefix(prefix)));
    }
    return prefixes;
  }

  async listOtherRoutes(interfaceName: string, family: 4 | 6): Promise<OtherRoute[]> {
    const text = await this.#routeTable("list the routes of this machine", family);
    return parseReachedNetworks(text, family).filter((route) => route.interfaceName !== interfaceName);
  }

  async #routeTable(action: string, family: 4 | 6): Promise<string> {
    return (await this.#succeed(action, [NETSTAT, "-nr", "-f", FAMILY_NAME[family]])).stdout;
  }

  /** The route of exactly this prefix, wherever it leads. */
  async #routeOf(network: Prefix): Promise<ShownRoute | undefined> {
    const { family } = network.address;
    const argv = [ROUTE, "-n", "get", `-${FAMILY_NAME[family]}`, formatPrefix(network)];
    const found = parseFoundRoute((await this.run(argv)).stdout, family);
    return found !== undefined && equalPrefix(found.prefix, network) ? found : undefined;
  }

  async #interfaceState(action: string, name: string): Promise<InterfaceState> {
    const outcome = await this.run([IFCONFIG, name]);
    if (says(outcome, /does not exist/i)) throw interfaceFault(action, name);
    if (hasFailed(outcome)) throw commandFault(action, outcome);
    return parseInterfaceState(outcome.stdout);
  }

  async #succeed(action: string, argv: readonly string[], family: 4 | 6 = 4): Promise<CommandOutcome> {
    const outcome = await this.run(argv);
    if (hasFailed(outcome)) throw commandFault(action, outcome, family);
    return outcome;
  }
}

function routeCommand(verb: "add" | "delete", network: Prefix): string[] {
  return [ROUTE, "-q", "-n", verb, `-${FAMILY_NAME[network.address.family]}`, formatPrefix(network)];
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
  const failures: RouteFailure[] = [];
  const waiting = prefixes.entries();
  let isStopped = false;
  const lane = async () => {
    for (const [index, prefix] of waiting) {
      if (isStopped || until?.aborted === true) return;
      try {
        const error = await work(maskPrefix(prefix));
        if (error?.code === "privilege") throw error;
        if (error !== undefined) failures[index] = { prefix, error };
      } catch (error) {
        isStopped = true;
        throw error;
      }
    }
  };
  // The batch is over only when every lane is: the caller begins the next one then.
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
  return Object.values(failures);
}
