/**
 * Interfaces and routes of Linux, through rtnetlink.
 *
 * Each operation opens a netlink socket of its own, works synchronously and closes it: they are rare, and the
 * router has nothing to close.
 *
 * @module
 */

import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import { OperationError } from "../../core/error.ts";
import { equalAddress, formatAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { errno } from "../../ffi/libc/errno.ts";
import {
  addAddress,
  type AddressPair,
  type LinkAddress,
  listAddresses,
  removeAddress,
} from "../../ffi/netlink/address.ts";
import { RTPROT } from "../../ffi/netlink/constants.ts";
import { type Link, linkByName, listLinks, setLink } from "../../ffi/netlink/link.ts";
import { addRoutes, type KernelRoute, listRoutes, removeRoutes } from "../../ffi/netlink/route.ts";
import { NetlinkSocket } from "../../ffi/netlink/socket.ts";
import { SystemError } from "../../ffi/libc/system_error.ts";
import type { InterfaceSettings, RouteFailure, Router } from "./router.ts";
import { linkFault, routeConflict, systemFault } from "./router_linux_fault.ts";

/**
 * Packets that may wait in the interface's queue. A TUN starts with 500; the tunnel drains in batches and TCP
 * bursts are longer than that.
 */
const TX_QUEUE_LENGTH = 1000;

/** The router of the network namespace that the calling thread is in. */
export class LinuxRouter implements Router {
  /** Sets link, then IPv4, then IPv6; addresses that are not in the settings are taken away. */
  configureInterface(settings: InterfaceSettings): Promise<void> {
    return operation(`configure interface ${settings.name}`, (socket) => {
      const index = linkIndex(socket, settings.name);
      if (index === undefined) throw linkFault(`configure interface ${settings.name}`, settings.name);
      setLink(socket, index, { mtu: settings.mtu, txQueueLength: TX_QUEUE_LENGTH, up: true });
      const { address, peer, address6, peer6 } = settings;
      const v4: AddressPair = { local: address, peer };
      const v6: AddressPair | undefined = address6 && peer6 && { local: address6, peer: peer6 };
      const before = listAddresses(socket, index);
      const has = (pair: AddressPair) => before.some((existing) => isPair(existing, pair));
      // The new address before the old ones go: an interface that loses its last IPv4 address loses its routes.
      if (!has(v4)) givePair(socket, index, settings.name, v4);
      for (const existing of before) {
        const wanted = isPair(existing, v4) || (v6 !== undefined && isPair(existing, v6));
        if (!wanted && !isLinkLocal(existing)) removeAddress(socket, existing);
      }
      if (v6 !== undefined && !has(v6)) givePair(socket, index, settings.name, v6);
    });
  }

  /** See `Router`. */
  hasDrifted(settings: InterfaceSettings): Promise<boolean> {
    const action = `look at interface ${settings.name}`;
    return operation(action, (socket) => {
      const { isWrong, lost } = diffInterface(socket, settings, action);
      return isWrong || lost.length > 0;
    });
  }

  /** See `Router`. */
  repairInterface(settings: InterfaceSettings): Promise<void> {
    const { name, mtu } = settings;
    const action = `repair interface ${name}`;
    return operation(action, (socket) => {
      const { index, isWrong } = diffInterface(socket, settings, action);
      if (isWrong) setLink(socket, index, { mtu, up: true });
      // An interface that was down has lost its IPv6 addresses, which shows once it is up.
      for (const pair of diffInterface(socket, settings, action).lost) givePair(socket, index, name, pair);
    });
  }

  /** See `Router`. */
  async addRoute(prefix: Prefix, interfaceName: string): Promise<void> {
    const [failure] = await this.addRoutes([prefix], interfaceName);
    if (failure !== undefined) throw failure.error;
  }

  /** See `Router`. */
  async removeRoute(prefix: Prefix, interfaceName: string): Promise<void> {
    const [failure] = await this.removeRoutes([prefix], interfaceName);
    if (failure !== undefined) throw failure.error;
  }

  /** See `Router`. A route of the same prefix with another metric is a conflict too. */
  addRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    return operation(`add routes to ${interfaceName}`, (socket) => {
      const index = linkIndex(socket, interfaceName);
      if (index === undefined) throw linkFault(`add routes to ${interfaceName}`, interfaceName);
      const existing = routesByPrefix(socket, prefixes);
      const missing = prefixes.filter((prefix) => !existing.has(keyOf(prefix)));
      const taken = prefixes.filter((prefix) => existing.has(keyOf(prefix)));
      const outcomes = addRoutes(socket, missing, index);
      const failures: RouteFailure[] = [];
      missing.forEach((prefix, at) => {
        const error = outcomes[at];
        if (error?.errno === errno.EEXIST) taken.push(prefix);
        else if (error !== undefined) {
          failures.push(routeFailure("route", prefix, "to", interfaceName, error));
        }
      });
      return [...failures, ...conflicts(socket, taken, index, interfaceName)];
    });
  }

  /** See `Router`. */
  removeRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]> {
    return operation(`remove routes from ${interfaceName}`, (socket) => {
      const index = linkIndex(socket, interfaceName);
      // Its routes went with it.
      if (index === undefined) return [];
      const outcomes = removeRoutes(socket, prefixes, index);
      return prefixes.flatMap((prefix, at) => {
        const error = outcomes[at];
        if (error === undefined || error.errno === errno.ESRCH) return [];
        return [routeFailure("remove the route", prefix, "from", interfaceName, error)];
      });
    });
  }

  /** See `Router`. Routes of an administrator's making, which `ip` marks as "boot", are left out too. */
  listRoutes(interfaceName: string): Promise<Prefix[]> {
    return operation(`list the routes of ${interfaceName}`, (socket) => {
      const index = linkIndex(socket, interfaceName);
      if (index === undefined) return [];
      return [...listRoutes(socket, 4), ...listRoutes(socket, 6)]
        .filter(({ interfaceIndex, protocol }) => interfaceIndex === index && protocol === RTPROT.STATIC)
        .map(({ prefix }) => prefix);
    });
  }

  /** See `Router`. */
  listMissing(prefixes: readonly Prefix[], interfaceName: string): Promise<Prefix[]> {
    return operation(`list the routes of ${interfaceName}`, (socket) => {
      const index = linkIndex(socket, interfaceName);
      const present = new Set(
        routesOfFamilies(socket, prefixes)
          .filter(({ interfaceIndex }) => interfaceIndex !== undefined && interfaceIndex === index)
          .map(({ prefix }) => formatPrefix(prefix)),
      );
      return prefixes.filter((prefix) => !present.has(keyOf(prefix)));
    });
  }

  /** See `Router`. Only the main table's routes count: others are for traffic that some rule picks. */
  listOtherRoutes(interfaceName: string, family: 4 | 6): Promise<OtherRoute[]> {
    return operation("list the routes of this machine", (socket) => {
      const own = linkIndex(socket, interfaceName);
      const names = new Map(listLinks(socket).map(({ index, name }) => [index, name]));
      const addresses = listAddresses(socket)
        .filter(({ local }) => local.family === family)
        .map(({ local, peer, prefixLength, interfaceIndex }) => ({
          prefix: maskPrefix({ address: peer ?? local, length: prefixLength }),
          interfaceIndex,
          protocol: RTPROT.KERNEL,
        }));
      return [...listRoutes(socket, family), ...addresses]
        .filter(({ interfaceIndex }) => interfaceIndex === undefined || interfaceIndex !== own)
        .map(({ prefix, interfaceIndex, protocol }) => ({
          prefix,
          interfaceName: interfaceIndex === undefined ? undefined : names.get(interfaceIndex),
          // The kernel makes the route to the network of an address by itself.
          isOwn: protocol === RTPROT.KERNEL,
        }));
    });
  }
}

/** Runs the work on a socket; a SystemError that leaves it becomes a fault of the action. */
function operation<T>(action: string, work: (socket: NetlinkSocket) => T): Promise<T> {
  return Promise.try(() => {
    try {
      using socket = NetlinkSocket.open();
      return work(socket);
    } catch (error) {
      throw error instanceof SystemError ? systemFault(action, error) : error;
    }
  });
}

function linkIndex(socket: NetlinkSocket, name: string): number | undefined {
  return findLink(socket, name)?.index;
}

function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  try {
    return linkByName(socket, name);
  } catch (error) {
    if (error instanceof SystemError && error.errno === errno.ENODEV) return undefined;
    throw error;
  }
}

/** What an interface lacks of its settings. */
function diffInterface(
  socket: NetlinkSocket,
  { name, mtu, address, peer, address6, peer6 }: InterfaceSettings,
  action: string,
): { index: number; isWrong: boolean; lost: AddressPair[] } {
  const link = findLink(socket, name);
  if (link === undefined) throw linkFault(action, name);
  const existing = listAddresses(socket, link.index);
  const pairs: AddressPair[] = [{ local: address, peer }];
  if (address6 !== undefined && peer6 !== undefined) pairs.push({ local: address6, peer: peer6 });
  const lost = pairs.filter((pair) => !existing.some((present) => isPair(present, pair)));
  return { index: link.index, isWrong: !link.up || link.mtu !== mtu, lost };
}

function isPair(existing: LinkAddress, { local, peer }: AddressPair): boolean {
  return existing.peer !== undefined && equalAddress(existing.local, local) &&
    equalAddress(existing.peer, peer);
}

/** fe80::/10, which the kernel gives by itself (RFC 4291 section 2.5.6). */
function isLinkLocal({ local: { family, bytes } }: LinkAddress): boolean {
  return family === 6 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function givePair(socket: NetlinkSocket, index: number, name: string, pair: AddressPair): void {
  try {
    addAddress(socket, index, pair);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw systemFault(
      `give interface ${name} the address ${formatAddress(pair.local)}`,
      error,
      pair.local.family,
    );
  }
}

function keyOf(prefix: Prefix): string {
  return formatPrefix(maskPrefix(prefix));
}

/** The main table's routes of the families that occur in the prefixes. */
function routesOfFamilies(socket: NetlinkSocket, prefixes: readonly Prefix[]): KernelRoute[] {
  const families = new Set(prefixes.map(({ address }) => address.family));
  return [...families].flatMap((family) => listRoutes(socket, family));
}

function routesByPrefix(socket: NetlinkSocket, prefixes: readonly Prefix[]): Map<string, KernelRoute[]> {
  return Map.groupBy(routesOfFamilies(socket, prefixes), ({ prefix }) => formatPrefix(prefix));
}

/** The faults of prefixes that have a route already: none where that leads to the wanted interface. */
function conflicts(
  socket: NetlinkSocket,
  taken: readonly Prefix[],
  index: number,
  interfaceName: string,
): RouteFailure[] {
  if (taken.length === 0) return [];
  const routes = routesByPrefix(socket, taken);
  const names = new Map(listLinks(socket).map((link) => [link.index, link.name]));
  return taken.flatMap((prefix) => {
    const owners = (routes.get(keyOf(prefix)) ?? []).map(({ interfaceIndex }) => interfaceIndex);
    if (owners.includes(index)) return [];
    const owner = owners.find((candidate) => candidate !== undefined);
    const error = routeConflict(
      keyOf(prefix),
      interfaceName,
      owner === undefined ? undefined : names.get(owner),
    );
    return [{ prefix, error }];
  });
}

/** @throws {OperationError} without privilege, which no other prefix of the batch would have either */
function routeFailure(
  verb: string,
  prefix: Prefix,
  preposition: string,
  interfaceName: string,
  error: SystemError,
): RouteFailure {
  const fault: OperationError = systemFault(
    `${verb} ${keyOf(prefix)} ${preposition} ${interfaceName}`,
    error,
  );
  if (fault.code === "privilege") throw fault;
  return { prefix, error: fault };
}
