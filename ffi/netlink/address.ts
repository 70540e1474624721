/**
 * Interface addresses through rtnetlink. The messages carry struct ifaddrmsg, 8 bytes {family u8,
 * prefix length u8, flags u8, scope u8, interface index u32} (include/uapi/linux/if_addr.h).
 *
 * @module
 */
import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import { IFA, IFA_F_NODAD, NLM_F, RTM } from "./constants.ts";
import * as message from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

const IFADDRMSG_LENGTH = 8;

/** The two ends of a point-to-point interface, of one family. */
export type AddressPair = Readonly<Record<"local" | "peer", IpAddress>>;

/** An address that an interface has. */
export interface LinkAddress {
  readonly interfaceIndex: number;
  /** This side's address. */
  readonly local: IpAddress;
  /** The other side's address; undefined when the address belongs to a network instead. */
  readonly peer: IpAddress | undefined;
  /** Leading bits that the interface's network, or the peer, shares. */
  readonly prefixLength: number;
}

/**
 * Gives an interface a local address and its peer's, as a pair of single addresses (/32 or /128). The kernel adds
 * the route to the peer. An IPv6 address is usable at once.
 *
 * @throws {SystemError} EEXIST when the interface has the pair already; for IPv6 EACCES where it is disabled and
 * EAFNOSUPPORT or EOPNOTSUPP where the kernel has none; EPERM without CAP_NET_ADMIN
 */
export function addAddress(socket: NetlinkSocket, interfaceIndex: number, pair: AddressPair): void {
  const prefixLength = message.addressLength(pair.local.family) * 8;
  socket.request("RTM_NEWADDR", addressRequest(RTM.NEWADDR, { ...pair, interfaceIndex, prefixLength }));
}

/**
 * Removes an address. With its last IPv4 address an interface loses its IPv4 routes.
 *
 * @throws {SystemError} EADDRNOTAVAIL when the interface does not have it
 */
export function removeAddress(socket: NetlinkSocket, address: LinkAddress): void {
  socket.request("RTM_DELADDR", addressRequest(RTM.DELADDR, address));
}

/** The IPv4 and IPv6 addresses of an interface, or of all where none is given. */
export function listAddresses(socket: NetlinkSocket, interfaceIndex?: number): LinkAddress[] {
  return socket.dump("RTM_GETADDR", { type: RTM.GETADDR, body: new Uint8Array(IFADDRMSG_LENGTH) })
    .filter(({ type }) => type === RTM.NEWADDR)
    .map(parseAddressMessage)
    .filter((address) => address !== undefined)
    .filter((address) => interfaceIndex === undefined || address.interfaceIndex === interfaceIndex);
}

/** The request that adds (RTM_NEWADDR) or removes (RTM_DELADDR) an address. */
export function addressRequest(type: number, address: LinkAddress): message.NetlinkRequest {
  const { interfaceIndex, local, peer = local, prefixLength } = address;
  const body = new Uint8Array(IFADDRMSG_LENGTH);
  body[0] = message.familyNumber(local.family);
  body[1] = prefixLength;
  body[2] = local.family === 6 ? IFA_F_NODAD : 0;
  new DataView(body.buffer).setUint32(4, interfaceIndex, true);
  return {
    type,
    flags: type === RTM.NEWADDR ? NLM_F.CREATE | NLM_F.EXCL : 0,
    body,
    attributes: [{ type: IFA.LOCAL, value: local.bytes }, { type: IFA.ADDRESS, value: peer.bytes }],
  };
}

/**
 * An address out of an RTM_NEWADDR; undefined for a family that is not IP.
 *
 * @throws {RangeError} when the message is malformed
 */
export function parseAddressMessage({ payload }: message.Message): LinkAddress | undefined {
  const { body, attributes } = message.splitPayload(payload, IFADDRMSG_LENGTH);
  const family = message.familyOf(body.getUint8(0));
  if (family === undefined) return undefined;
  const address = message.readAddress(family, attributes.get(IFA.ADDRESS));
  // IPv6 has IFA_LOCAL only beside a peer; IPv4 always has it, and without a peer both are the same address.
  const local = message.readAddress(family, attributes.get(IFA.LOCAL)) ?? address;
  if (local === undefined) return undefined;
  return {
    interfaceIndex: body.getUint32(4, true),
    local,
    peer: address === undefined || equalAddress(address, local) ? undefined : address,
    prefixLength: body.getUint8(1),
  };
}
