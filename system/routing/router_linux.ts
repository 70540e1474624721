import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import type { DivertedRoute } from "../../core/routing/diverted_route.ts";
import { equalAddress, formatAddress, nextAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { errno, SystemError } from "../../ffi/libc/errno.ts";
import { addAddress, type LinkAddress, listAddresses, removeAddress } from "../../ffi/netlink/address.ts";
import { RT_TABLE_MAIN, RTPROT } from "../../ffi/netlink/constants.ts";
import { type Link, linkByName, listLinks, setLink } from "../../ffi/netlink/link.ts";
import {
  addRoutes,
  appendRoutes,
  type KernelRoute,
  listRoutes,
  lookUpRoute,
  removeRoutes,
  type RouteLookup,
} from "../../ffi/netlink/route.ts";
import { type KernelRule, listRules } from "../../ffi/netlink/rule.ts";
import type { NetlinkSocket } from "../../ffi/netlink/socket.ts";
import {
  type AddressPair,
  compareInterface,
  type InterfaceDrift,
  interfaceFault,
  routeConflict,
} from "./interface_drift.ts";
import { netlinkOperation, systemFault } from "./netlink_operation.ts";
import {
  familiesOf,
  type InterfaceSettings,
  MAX_LOOKUPS,
  networkText,
  type RouteFailure,
  Router,
} from "./router.ts";

/**
 * Packets that may wait in the interface's queue. A TUN starts with 500; the tunnel drains in batches and TCP
 * bursts are longer than that.
 */
const TX_QUEUE_LENGTH = 1000;

/**
 * The router of the network namespace that the calling thread is in, through rtnetlink. Each operation opens a socket of its
 * own, works synchronously and closes it: they are rare, and the router has nothing to close.
 */
export class LinuxRouter extends Router {
  /** Sets link, then IPv4, then IPv6; addresses that are not in the settings are taken away. */
  configureInterface(settings: InterfaceSettings): Promise<void> {
    const { name, mtu } = settings;
    const action = `configure interface ${name}`;
    return netlinkOperation(action, (socket) => {
      const { index } = requireLink(socket, name, action);
      setLink(socket, index, { mtu, txQueueLength: TX_QUEUE_LENGTH, up: true });
      const { lost, surplus } = driftOf(socket, settings, action);
      const give = (family: 4 | 6) => {
        for (const pair of lost) if (pair.local.family === family) givePair(socket, index, name, pair);
      };
      // The new address before the old ones go: an interface that loses its last IPv4 address loses its routes.
      give(4);
      for (const address of surplus) removeAddress(socket, address);
      give(6);
    });
  }

  protected lookAt(settings: InterfaceSettings): Promise<InterfaceDrift> {
    const action = `look at interface ${settings.name}`;
    return netlinkOperation(action, (socket) => driftOf(socket, settings, action));
  }

  repairInterface(settings: InterfaceSettings): Promise<void> {
    const { name, mtu } = settings;
    const action = `repair interface ${name}`;
    return netlinkOperation(action, (socket) => {
      const { index, isWrong } = driftOf(socket, settings, action);
      if (isWrong) setLink(socket, index, { mtu, up: true });
      // An interface that was down has lost its IPv6 addresses, which shows once it is up.
      for (const pair of driftOf(socket, settings, action).lost) givePair(socket, index, name, pair);
    });
  }

  /** A route of the same prefix with another metric is a conflict too. */
  addRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    const action = `add routes to ${interfaceName}`;
    return netlinkOperation(action, (socket) => {
      const { index } = requireLink(socket, interfaceName, action);
      const existing = routesByPrefix(socket, prefixes);
      const isDirect = directRoutesOf(socket, index);
      const missing = prefixes.filter((prefix) => !existing.has(networkText(prefix)));
      // A route of the direct path stands in front of the tunnel's, which holds when that one goes.
      const covered = prefixes.filter((prefix) =>
        existing.get(networkText(prefix))?.every(isDirect) === true
      );
      const taken = prefixes.filter((prefix) =>
        existing.has(networkText(prefix)) && !covered.includes(prefix)
      );
      const outcomes = addRoutes(socket, missing, index);
      const appended = appendRoutes(socket, covered, index);
      taken.push(...missing.filter((_, at) => outcomes[at]?.errno === errno.EEXIST));
      return [
        ...failuresOf(missing, outcomes, errno.EEXIST, (text) => `route ${text} to ${interfaceName}`),
        ...failuresOf(covered, appended, errno.EEXIST, (text) => `route ${text} to ${interfaceName}`),
        ...conflicts(socket, taken, interfaceName),
      ];
    });
  }

  removeRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    return netlinkOperation(`remove routes from ${interfaceName}`, (socket) => {
      const link = findLink(socket, interfaceName);
      // Its routes went with it.
      if (link === undefined) return [];
      const outcomes = removeRoutes(socket, prefixes, link.index);
      const act = (text: string) => `remove the route ${text} from ${interfaceName}`;
      return failuresOf(prefixes, outcomes, errno.ESRCH, act);
    });
  }

  /** Routes of an administrator's making, which `ip` marks as "boot", are left out too. */
  async listRoutes(interfaceName: string): Promise<Prefix[]> {
    const routes = await this.#routesTo(interfaceName, [4, 6]);
    return routes.filter(({ protocol }) => protocol === RTPROT.STATIC).map(({ prefix }) => prefix);
  }

  protected async routedTo(interfaceName: string, families: readonly (4 | 6)[]): Promise<Prefix[]> {
    return (await this.#routesTo(interfaceName, families)).map(({ prefix }) => prefix);
  }

  #routesTo(interfaceName: string, families: readonly (4 | 6)[]): Promise<KernelRoute[]> {
    return netlinkOperation(`list the routes of ${interfaceName}`, (socket) => {
      const link = findLink(socket, interfaceName);
      if (link === undefined) return [];
      return families.flatMap((family) => listRoutes(socket, family))
        .filter(({ interfaceIndex }) => interfaceIndex === link.index);
    });
  }

  /** Only the main table's routes count: others are for traffic that some rule picks. */
  listOtherRoutes(interfaceName: string, family: 4 | 6): Promise<OtherRoute[]> {
    return netlinkOperation("list the routes of this machine", (socket) => {
      const own = findLink(socket, interfaceName)?.index;
      const isDirect = own === undefined ? () => false : directRoutesOf(socket, own);
      const links = new Map(listLinks(socket).map((link) => [link.index, link]));
      const addresses = listAddresses(socket)
        .filter(({ local }) => local.family === family)
        .map(({ local, peer, prefixLength, interfaceIndex }) => ({
          prefix: maskPrefix({ address: peer ?? local, length: prefixLength }),
          interfaceIndex,
          protocol: RTPROT.KERNEL,
        }));
      return [...listRoutes(socket, family).filter((route) => !isDirect(route)), ...addresses]
        .filter(({ interfaceIndex }) => interfaceIndex === undefined || interfaceIndex !== own)
        .map(({ prefix, interfaceIndex, protocol }) => {
          const link = interfaceIndex === undefined ? undefined : links.get(interfaceIndex);
          return {
            prefix,
            interfaceName: link?.name,
            // The kernel makes the route to the network of an address by itself.
            isOwn: protocol === RTPROT.KERNEL,
            isTunnel: link?.isTunnel === true && !OUR_TUNNELS.test(link.name),
          };
        });
    });
  }

  override findDiverted(prefixes: readonly Prefix[], interfaceName: string): Promise<DivertedRoute[]> {
    return netlinkOperation("look up routes", (socket) => {
      const own = findLink(socket, interfaceName)?.index;
      const looked = prefixes.slice(0, MAX_LOOKUPS);
      return familiesOf(looked).flatMap((family) => {
        const first = rulesOf(socket, family).find(({ priority }) => !OWN_PRIORITIES.includes(priority));
        if (first === undefined) return [];
        // Below 1 there is no priority; the local table's 0 comes before all.
        const free = Math.max(1, first.priority - 1);
        const names = linkNames(socket);
        return looked.filter(({ address }) => address.family === family).flatMap((prefix) => {
          const way = wayOf(socket, prefix);
          if (way === "none") return [{ prefix, owner: undefined, free }];
          if (way === undefined || way.interfaceIndex === own || way.table === RT_TABLE_MAIN) return [];
          return [{ prefix, owner: names.get(way.interfaceIndex), free }];
        });
      });
    });
  }
}

/** Tunnels of docker-connector and docker-accessor. Who of both was first keeps a prefix: neither is the other's VPN. */
const OUR_TUNNELS = /^(?:connector|accessor)\d/;

/** Priorities of the rules that the kernel makes itself: for the local, the main and the default table (ip-rule(8)). */
const OWN_PRIORITIES = [0, 32766, 32767];

/** The rules in their order; none with a kernel that is built without them, which refuses to list any. */
function rulesOf(socket: NetlinkSocket, family: 4 | 6): KernelRule[] {
  try {
    return listRules(socket, family);
  } catch (error) {
    if (error instanceof SystemError) return [];
    throw error;
  }
}

/** How the kernel sends to the first address of a network; "none": not at all, undefined: to this machine. */
function wayOf(socket: NetlinkSocket, prefix: Prefix): RouteLookup | "none" | undefined {
  const { address, length } = maskPrefix(prefix);
  try {
    return lookUpRoute(socket, length < address.bytes.length * 8 ? nextAddress(address) : address);
  } catch (error) {
    if (error instanceof SystemError) return "none";
    throw error;
  }
}

function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  try {
    return linkByName(socket, name);
  } catch (error) {
    if (error instanceof SystemError && error.errno === errno.ENODEV) return undefined;
    throw error;
  }
}

function requireLink(socket: NetlinkSocket, name: string, action: string): Link {
  const link = findLink(socket, name);
  if (link === undefined) throw interfaceFault(action, name);
  return link;
}

function linkNames(socket: NetlinkSocket): ReadonlyMap<number, string> {
  return new Map(listLinks(socket).map(({ index, name }) => [index, name]));
}

/**
 * Tells the routes of the direct path (direct_way_linux.ts) from those of others: they lead to another interface with an address of
 * the tunnel's interface as their source.
 */
function directRoutesOf(socket: NetlinkSocket, index: number): (route: KernelRoute) => boolean {
  const own = listAddresses(socket, index).map(({ local }) => local);
  return ({ interfaceIndex, source, gateway }) =>
    interfaceIndex !== index && gateway !== undefined && source !== undefined &&
    own.some((address) => equalAddress(address, source));
}

/** How an interface differs from its settings, and its index. */
function driftOf(
  socket: NetlinkSocket,
  settings: InterfaceSettings,
  action: string,
): InterfaceDrift<LinkAddress> & { readonly index: number } {
  const { index, up, mtu } = requireLink(socket, settings.name, action);
  const state = { isUp: up, mtu, addresses: listAddresses(socket, index) };
  return { index, ...compareInterface(state, settings) };
}

function givePair(socket: NetlinkSocket, index: number, name: string, pair: AddressPair): void {
  try {
    addAddress(socket, index, pair);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { local } = pair;
    throw systemFault(`give interface ${name} the address ${formatAddress(local)}`, error, local.family);
  }
}

/** The main table's routes of the families that occur in the prefixes. */
function routesByPrefix(socket: NetlinkSocket, prefixes: readonly Prefix[]): Map<string, KernelRoute[]> {
  const routes = familiesOf(prefixes).flatMap((family) => listRoutes(socket, family));
  return Map.groupBy(routes, ({ prefix }) => formatPrefix(prefix));
}

/** The faults of prefixes that have a route already: none where that leads to the wanted interface. */
function conflicts(socket: NetlinkSocket, taken: readonly Prefix[], interfaceName: string): RouteFailure[] {
  if (taken.length === 0) return [];
  const routes = routesByPrefix(socket, taken);
  const names = linkNames(socket);
  return taken.flatMap((prefix) => {
    const text = networkText(prefix);
    const owners = (routes.get(text) ?? []).map(({ interfaceIndex = 0 }) => names.get(interfaceIndex));
    if (owners.includes(interfaceName)) return [];
    const owner = owners.find((name) => name !== undefined);
    const removal = `ip route delete ${text}${owner === undefined ? "" : ` dev ${owner}`}`;
    return [{ prefix, error: routeConflict(text, interfaceName, owner, removal) }];
  });
}

/**
 * What failed of a batch.
 *
 * @param outcomes by prefix, in the same order
 * @param harmless the error number that is no failure
 * @throws {OperationError} without privilege, which no other prefix of the batch would have either
 */
function failuresOf(
  prefixes: readonly Prefix[],
  outcomes: readonly (SystemError | undefined)[],
  harmless: number,
  act: (prefix: string) => string,
): RouteFailure[] {
  return prefixes.flatMap((prefix, at) => {
    const error = outcomes[at];
    if (error === undefined || error.errno === harmless) return [];
    const fault = systemFault(act(networkText(prefix)), error);
    if (fault.code === "privilege") throw fault;
    return [{ prefix, error: fault }];
  });
}
