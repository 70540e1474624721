/**
 * Routes of the main table through rtnetlink. The messages carry struct rtmsg, 12 bytes {family u8,
 * destination length u8, source length u8, tos u8, table u8, protocol u8, scope u8, type u8, flags u32}
 * (include/uapi/linux/rtnetlink.h).
 *
 * @module
 */
import type { IpAddress } from "../../core/net/address.ts";
import { maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { SystemError } from "../libc/errno.ts";
import {
  NLM_F,
  RT_SCOPE,
  RT_TABLE_MAIN,
  RTA,
  RTAX_ADVMSS,
  RTM,
  RTM_F_CLONED,
  RTM_F_LOOKUP_TABLE,
  RTN_UNICAST,
  RTPROT,
} from "./constants.ts";
import * as message from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

const RTMSG_LENGTH = 12;

/** A route of the main table. */
export interface KernelRoute {
  readonly prefix: Prefix;
  /** Index of the interface it leads to; undefined for one that leads to none (blackhole) or to several. */
  readonly interfaceIndex: number | undefined;
  /** Who made it, one of RTPROT: KERNEL for the one to an interface's peer, STATIC for those that `addRoutes` makes. */
  readonly protocol: number;
  /** Among routes to the same prefix the lowest wins. */
  readonly metric: number;
  /** The router that it leads by; undefined for a network that is reached directly. */
  readonly gateway: IpAddress | undefined;
  /** The address that packets get whose sender has chosen none; undefined where the route names none. */
  readonly source: IpAddress | undefined;
}

/** A way to a network by a router on a link. */
export interface GatewayWay {
  readonly interfaceIndex: number;
  readonly gateway: IpAddress;
  /** An address of this machine: of any interface. The kernel removes the route when that address is removed. */
  readonly source: IpAddress;
  /** Bytes of the largest TCP segment that new connections ask for; undefined: what the link carries. */
  readonly maxSegment?: number;
}

/** How the kernel would send a packet. */
export interface RouteLookup {
  readonly interfaceIndex: number;
  /** Undefined where the destination is on the link. */
  readonly gateway: IpAddress | undefined;
  /** The source address that it would give the packet. */
  readonly source: IpAddress;
  /** The table that the route is of. */
  readonly table: number;
}

/**
 * Routes prefixes to an interface; for each the kernel's refusal or undefined: EEXIST when the prefix has a route
 * of the same metric, to whatever interface; ENODEV without that interface; ENETDOWN while it is down; EPERM
 * without CAP_NET_ADMIN.
 *
 * @throws {SystemError} when the socket itself fails
 */
export function addRoutes(
  socket: NetlinkSocket,
  prefixes: readonly Prefix[],
  index: number,
): (SystemError | undefined)[] {
  const requests = prefixes.map((prefix) => routeRequest(RTM.NEWROUTE, prefix, index));
  return socket.requestAll("RTM_NEWROUTE", requests);
}

/**
 * Removes routes of prefixes to an interface; for each the kernel's refusal or undefined: ESRCH when there is no
 * such route. The interface and the maker (STATIC) are part of what must match, so another interface's route stays,
 * and so does one that the kernel or an administrator made.
 *
 * @throws {SystemError} when the socket itself fails
 */
export function removeRoutes(
  socket: NetlinkSocket,
  prefixes: readonly Prefix[],
  index: number,
): (SystemError | undefined)[] {
  const requests = prefixes.map((prefix) => routeRequest(RTM.DELROUTE, prefix, index));
  return socket.requestAll("RTM_DELROUTE", requests);
}

/**
 * Routes prefixes of IPv4 to an interface behind the routes that they have: those win as long as they are there. Returns and
 * throws as {@linkcode addRoutes}; EEXIST when the very same route is there.
 */
export function appendRoutes(
  socket: NetlinkSocket,
  prefixes: readonly Prefix[],
  index: number,
): (SystemError | undefined)[] {
  const requests = prefixes.map((prefix) => ({
    ...routeRequest(RTM.NEWROUTE, prefix, index),
    flags: NLM_F.CREATE | NLM_F.APPEND,
  }));
  return socket.requestAll("RTM_NEWROUTE", requests);
}

/**
 * Routes prefixes of IPv4 by a gateway, in front of other routes of the same prefix and metric, which stay and hold again once
 * this one is removed (fib_table_insert of net/ipv4/fib_trie.c, without NLM_F_APPEND). Returns and throws as
 * {@linkcode addRoutes}; EEXIST when the very same route is there.
 */
export function prependGatewayRoutes(
  socket: NetlinkSocket,
  prefixes: readonly Prefix[],
  way: GatewayWay,
): (SystemError | undefined)[] {
  const requests = prefixes.map((prefix) => gatewayRequest(RTM.NEWROUTE, prefix, way));
  return socket.requestAll("RTM_NEWROUTE", requests);
}

/** Removes such routes. Returns and throws as {@linkcode removeRoutes}. */
export function removeGatewayRoutes(
  socket: NetlinkSocket,
  prefixes: readonly Prefix[],
  way: GatewayWay,
): (SystemError | undefined)[] {
  const requests = prefixes.map((prefix) => gatewayRequest(RTM.DELROUTE, prefix, way));
  return socket.requestAll("RTM_DELROUTE", requests);
}

function gatewayRequest(type: number, prefix: Prefix, way: GatewayWay): message.NetlinkRequest {
  const { body, attributes = [], ...request } = routeRequest(type, prefix, way.interfaceIndex);
  const adds = type === RTM.NEWROUTE;
  if (adds) body[6] = RT_SCOPE.UNIVERSE;
  const { maxSegment } = way;
  const metrics = adds && maxSegment !== undefined
    ? [{
      type: RTA.METRICS,
      value: message.encodeAttributes([message.uint32Attribute(RTAX_ADVMSS, maxSegment)]),
    }]
    : [];
  return {
    ...request,
    flags: adds ? NLM_F.CREATE : 0,
    body,
    attributes: [
      ...attributes,
      { type: RTA.GATEWAY, value: way.gateway.bytes },
      { type: RTA.PREFSRC, value: way.source.bytes },
      ...metrics,
    ],
  };
}

/**
 * Asks the kernel how it would send a packet to an address, by all its tables and rules; undefined where that is an address of
 * this machine or where packets to it are refused.
 *
 * @throws {SystemError} ENETUNREACH or EHOSTUNREACH without a route
 */
export function lookUpRoute(socket: NetlinkSocket, address: IpAddress): RouteLookup | undefined {
  const { family, bytes } = address;
  const request = new Uint8Array(RTMSG_LENGTH);
  request[0] = message.familyNumber(family);
  request[1] = bytes.length * 8;
  new DataView(request.buffer).setUint32(8, RTM_F_LOOKUP_TABLE, true);
  const { payload } = socket.get("RTM_GETROUTE", {
    type: RTM.GETROUTE,
    body: request,
    attributes: [{ type: RTA.DST, value: bytes }],
  });
  const { body, attributes } = message.splitPayload(payload, RTMSG_LENGTH);
  const interfaceIndex = message.uint32Value(attributes.get(RTA.OIF));
  const source = message.readAddress(family, attributes.get(RTA.PREFSRC));
  if (body.getUint8(7) !== RTN_UNICAST || interfaceIndex === undefined || source === undefined) {
    return undefined;
  }
  return {
    interfaceIndex,
    gateway: message.readAddress(family, attributes.get(RTA.GATEWAY)),
    source,
    table: tableOf(body, attributes),
  };
}

/** The routes of the main table, of one family. */
export function listRoutes(socket: NetlinkSocket, family: 4 | 6): KernelRoute[] {
  const body = new Uint8Array(RTMSG_LENGTH);
  body[0] = message.familyNumber(family);
  return socket.dump("RTM_GETROUTE", { type: RTM.GETROUTE, body })
    .filter(({ type }) => type === RTM.NEWROUTE)
    .map(parseRoute)
    .filter((route) => route !== undefined)
    // A kernel without IPv6 answers a request for its routes with those of the other families.
    .filter(({ prefix }) => prefix.address.family === family);
}

/** The request that adds (RTM_NEWROUTE) or removes (RTM_DELROUTE) a route to an interface. */
export function routeRequest(type: number, prefix: Prefix, interfaceIndex: number): message.NetlinkRequest {
  // The kernel refuses an IPv4 destination with host bits.
  const { address: { family, bytes }, length } = maskPrefix(prefix);
  const adds = type === RTM.NEWROUTE;
  // A route without a gateway is link scope in IPv4; IPv6 knows no scopes here.
  const scope = family === 4 ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE;
  const body = new Uint8Array(RTMSG_LENGTH);
  body[0] = message.familyNumber(family);
  body[1] = length;
  body[4] = RT_TABLE_MAIN;
  body[5] = RTPROT.STATIC;
  body[6] = adds ? scope : RT_SCOPE.NOWHERE;
  body[7] = adds ? RTN_UNICAST : 0;
  return {
    type,
    flags: adds ? NLM_F.CREATE | NLM_F.EXCL : 0,
    body,
    attributes: [{ type: RTA.DST, value: bytes }, message.uint32Attribute(RTA.OIF, interfaceIndex)],
  };
}

/**
 * A route out of an RTM_NEWROUTE; undefined for one of another table, of a family that is not IP, or of the cache.
 *
 * @throws {RangeError} when the message is malformed
 */
export function parseRoute({ payload }: message.Message): KernelRoute | undefined {
  const { body, attributes } = message.splitPayload(payload, RTMSG_LENGTH);
  const family = message.familyOf(body.getUint8(0));
  const table = tableOf(body, attributes);
  const cached = (body.getUint32(8, true) & RTM_F_CLONED) !== 0;
  if (family === undefined || table !== RT_TABLE_MAIN || cached) return undefined;
  const length = body.getUint8(1);
  // A default route comes without a destination.
  const any = { family, bytes: new Uint8Array(message.addressLength(family)) };
  if (length > any.bytes.length * 8) {
    throw new RangeError(`route has ${length} bits of an IPv${family} address`);
  }
  return {
    prefix: { address: message.readAddress(family, attributes.get(RTA.DST)) ?? any, length },
    interfaceIndex: message.uint32Value(attributes.get(RTA.OIF)),
    protocol: body.getUint8(5),
    metric: message.uint32Value(attributes.get(RTA.PRIORITY)) ?? 0,
    gateway: message.readAddress(family, attributes.get(RTA.GATEWAY)),
    source: message.readAddress(family, attributes.get(RTA.PREFSRC)),
  };
}

/** The header has one byte for it; the attribute, where there is one, all of it. */
function tableOf(body: DataView, attributes: ReadonlyMap<number, Uint8Array>): number {
  return message.uint32Value(attributes.get(RTA.TABLE)) ?? body.getUint8(4);
}
