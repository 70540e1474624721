/**
 * Ways to another machine on a link of this one, without the tunnel, in the network namespace that the calling thread is in.
 *
 * @module
 */
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatPrefix, type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { errno, SystemError } from "../../ffi/libc/errno.ts";
import { listAddresses } from "../../ffi/netlink/address.ts";
import { countSentPackets, linkByName, listLinks } from "../../ffi/netlink/link.ts";
import { findHardwareAddress } from "../../ffi/netlink/neighbour.ts";
import { lookUpRoute, prependGatewayRoutes, removeGatewayRoutes } from "../../ffi/netlink/route.ts";
import { NetlinkSocket } from "../../ffi/netlink/socket.ts";

/** A machine on a link. */
export interface DirectWay {
  /** Its address there. */
  readonly machine: IpAddress;
  /** This machine's own address there. */
  readonly own: IpAddress;
  readonly interfaceName: string;
}

/** How packets go by a way. */
export interface DirectRouting {
  /** The address that they have as their source: of any interface of this machine. */
  readonly source: IpAddress;
  /** Bytes of the largest TCP segment that new connections ask for; undefined: what the link carries. */
  readonly maxSegment?: number;
}

/** What became of routes that were added or removed. */
export interface DirectChange {
  /** Those that were not so before. */
  readonly changed: readonly Prefix[];
  /** Those that could not be, each with why. */
  readonly faults: readonly string[];
}

/**
 * Finds the way to an IPv4 address that is on a link of this machine: the kernel would send there without a router, by an
 * interface other than the tunnel's, in whose own network the address lies. Undefined where that is not so.
 */
export function findDirectWay(machine: IpAddress, tunnelName: string): DirectWay | undefined {
  if (machine.family !== 4) return undefined;
  try {
    using socket = NetlinkSocket.open();
    const found = lookUpRoute(socket, machine);
    if (found === undefined || found.gateway !== undefined) return undefined;
    const { interfaceIndex, source } = found;
    const link = listLinks(socket).find(({ index }) => index === interfaceIndex);
    const isInside = listAddresses(socket, interfaceIndex).some(({ local, peer, prefixLength }) =>
      local.family === 4 && peer === undefined && prefixLength < 32 &&
      prefixContains({ address: local, length: prefixLength }, machine)
    );
    if (link === undefined || link.name === tunnelName || !link.up || !link.carrier || !isInside) {
      return undefined;
    }
    return { machine, own: source, interfaceName: link.name };
  } catch (error) {
    // Without a route there is no way.
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/**
 * Routes IPv4 prefixes by a way, in front of their other routes, which hold again once these are removed. Those that are there
 * stay. The kernel removes them with the interface and with the source address.
 */
export function addDirectRoutes(
  prefixes: readonly Prefix[],
  way: DirectWay,
  routing: DirectRouting,
): DirectChange {
  return change(prefixes, way, routing, prependGatewayRoutes, errno.EEXIST);
}

/** Removes such routes. */
export function removeDirectRoutes(
  prefixes: readonly Prefix[],
  way: DirectWay,
  routing: DirectRouting,
): DirectChange {
  return change(prefixes, way, routing, removeGatewayRoutes, errno.ESRCH);
}

/** The Ethernet address of a machine on a link, as text; undefined where the kernel has none. */
export function findMac(address: IpAddress, interfaceName: string): string | undefined {
  try {
    using socket = NetlinkSocket.open();
    const bytes = findHardwareAddress(socket, linkByName(socket, interfaceName).index, address);
    return bytes && [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/** How many packets an interface has sent; undefined where there is none of that name. */
export function sentPackets(interfaceName: string): number | undefined {
  try {
    using socket = NetlinkSocket.open();
    return countSentPackets(socket, interfaceName);
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

function change(
  prefixes: readonly Prefix[],
  { machine, interfaceName }: DirectWay,
  routing: DirectRouting,
  work: typeof prependGatewayRoutes,
  harmless: number,
): DirectChange {
  if (prefixes.length === 0) return { changed: [], faults: [] };
  try {
    using socket = NetlinkSocket.open();
    const interfaceIndex = linkByName(socket, interfaceName).index;
    const outcomes = work(socket, prefixes, { interfaceIndex, gateway: machine, ...routing });
    const faults = prefixes.flatMap((prefix, at) => {
      const error = outcomes[at];
      return error === undefined || error.errno === harmless
        ? []
        : [`${formatPrefix(prefix)}: ${error.message}`];
    });
    return { changed: prefixes.filter((_, at) => outcomes[at] === undefined), faults };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // Routes went with the interface.
    if (error.errno === errno.ENODEV && harmless === errno.ESRCH) return { changed: [], faults: [] };
    const fault = `${prefixes.map(formatPrefix).join(" ")} by ${formatAddress(machine)}: ${error.message}`;
    return { changed: [], faults: [fault] };
  }
}
