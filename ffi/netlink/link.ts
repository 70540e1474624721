/**
 * Network interfaces through rtnetlink. The messages carry struct ifinfomsg, 16 bytes {family u8, pad u8,
 * device type u16, index i32, flags u32, change mask u32} (include/uapi/linux/rtnetlink.h).
 *
 * @module
 */
import { IFF, IFLA, RTM } from "./constants.ts";
import * as message from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

const IFINFOMSG_LENGTH = 16;

/** An interface of the socket's network namespace. */
export interface Link {
  readonly index: number;
  /** At most 15 bytes. */
  readonly name: string;
  /** What made it, such as "tun", "bridge" or "veth"; undefined for hardware and the loopback. */
  readonly kind: string | undefined;
  /** Whether it is switched on (IFF_UP). */
  readonly up: boolean;
  /** Whether there is someone at the other end; for a TUN, whether a process holds it. */
  readonly carrier: boolean;
  /** Whether no network of neighbours is behind it, as with TUN, PPP and WireGuard: it has no broadcast and is no loopback. */
  readonly isTunnel: boolean;
  /** Largest packet in bytes; 0 where the kernel does not say. */
  readonly mtu: number;
  /** Packets that may wait to be sent; 0 for no limit of its own or where the kernel does not say. */
  readonly txQueueLength: number;
}

/** What to change of an interface; an absent property stays as it is. */
export type LinkChange = Partial<Pick<Link, "up" | "mtu" | "txQueueLength">>;

/**
 * The interface of that name.
 *
 * @throws {SystemError} ENODEV when there is none
 */
export function linkByName(socket: NetlinkSocket, name: string): Link {
  const attributes = [message.stringAttribute(IFLA.IFNAME, name)];
  return parseLink(socket.get("RTM_GETLINK", linkRequest(RTM.GETLINK, 0, attributes)));
}

/**
 * How many packets an interface has sent.
 *
 * @throws {SystemError} ENODEV when there is none of that name
 */
export function countSentPackets(socket: NetlinkSocket, name: string): number {
  const names = [message.stringAttribute(IFLA.IFNAME, name)];
  const { payload } = socket.get("RTM_GETLINK", linkRequest(RTM.GETLINK, 0, names));
  const counts = message.splitPayload(payload, IFINFOMSG_LENGTH).attributes.get(IFLA.STATS64);
  // struct rtnl_link_stats64 begins with {received packets u64, sent packets u64} (include/uapi/linux/if_link.h).
  return counts === undefined || counts.length < 16 ? 0 : message.uint64At(counts, 8);
}

/** All interfaces. */
export function listLinks(socket: NetlinkSocket): Link[] {
  return socket.dump("RTM_GETLINK", linkRequest(RTM.GETLINK, 0))
    .filter(({ type }) => type === RTM.NEWLINK)
    .map(parseLink);
}

/**
 * Changes an interface in one step.
 *
 * @throws {SystemError} ENODEV when there is none of that index, EPERM without CAP_NET_ADMIN
 */
export function setLink(socket: NetlinkSocket, index: number, change: LinkChange): void {
  socket.request("RTM_NEWLINK", changeRequest(index, change));
}

/** The request that `setLink` sends. */
export function changeRequest(index: number, { up, mtu, txQueueLength }: LinkChange): message.NetlinkRequest {
  const attributes: message.Attribute[] = [];
  if (mtu !== undefined) attributes.push(message.uint32Attribute(IFLA.MTU, mtu));
  if (txQueueLength !== undefined) attributes.push(message.uint32Attribute(IFLA.TXQLEN, txQueueLength));
  const request = linkRequest(RTM.NEWLINK, index, attributes);
  if (up !== undefined) {
    const body = new DataView(request.body.buffer);
    body.setUint32(8, up ? IFF.UP : 0, true);
    body.setUint32(12, IFF.UP, true);
  }
  return request;
}

/**
 * Removes an interface of a kind that can be removed.
 *
 * @throws {SystemError} ENODEV when there is none, EOPNOTSUPP for hardware
 */
export function deleteLink(socket: NetlinkSocket, index: number): void {
  socket.request("RTM_DELLINK", linkRequest(RTM.DELLINK, index));
}

function linkRequest(type: number, index: number, attributes: readonly message.Attribute[] = []) {
  const body = new Uint8Array(IFINFOMSG_LENGTH);
  new DataView(body.buffer).setInt32(4, index, true);
  return { type, body, attributes };
}

/**
 * An interface out of an RTM_NEWLINK.
 *
 * @throws {RangeError} when the message is malformed
 */
export function parseLink({ payload }: message.Message): Link {
  const { body, attributes } = message.splitPayload(payload, IFINFOMSG_LENGTH);
  const information = attributes.get(IFLA.LINKINFO);
  const flags = body.getUint32(8, true);
  return {
    index: body.getInt32(4, true),
    name: message.readString(attributes.get(IFLA.IFNAME)) ?? "",
    kind: information && message.readString(message.parseAttributes(information).get(IFLA.INFO_KIND)),
    up: (flags & IFF.UP) !== 0,
    carrier: attributes.get(IFLA.CARRIER)?.[0] === 1,
    isTunnel: (flags & (IFF.BROADCAST | IFF.LOOPBACK)) === 0,
    mtu: message.uint32Value(attributes.get(IFLA.MTU)) ?? 0,
    txQueueLength: message.uint32Value(attributes.get(IFLA.TXQLEN)) ?? 0,
  };
}
