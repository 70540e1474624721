import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import { addressFromUint32, type IpAddress, isLinkLocal } from "../../core/net/address.ts";
import { type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { listAddresses } from "../../ffi/netlink/address.ts";
import { RTPROT } from "../../ffi/netlink/constants.ts";
import { listLinks } from "../../ffi/netlink/link.ts";
import { listRoutes } from "../../ffi/netlink/route.ts";
import { NetlinkSocket } from "../../ffi/netlink/socket.ts";

/**
 * Lists the bridges of the network namespace that the calling thread is in: those interfaces of the kind that Docker makes for
 * a network, with what the kernel routes to them. Throws a SystemError when the kernel refuses.
 */
export function listContainerBridges(): ContainerBridge[] {
  using socket = NetlinkSocket.open();
  // The kernel makes a route for each address that an interface is given; a link-local one is not a container network.
  const routes = [...listRoutes(socket, 4), ...listRoutes(socket, 6)].filter(({ protocol, prefix }) =>
    protocol === RTPROT.KERNEL && !isLinkLocal(prefix.address)
  );
  return listLinks(socket).filter(({ kind }) => kind === "bridge").map(({ index, name }) => ({
    name,
    subnets: routes.filter(({ interfaceIndex }) => interfaceIndex === index).map(({ prefix }) => prefix),
  }));
}

/** The MTU of a bridge that nobody has given another: that of Ethernet (RFC 894). */
const ETHERNET_MTU = 1500;

/** The least MTU of the bridges, in bytes; that of Ethernet where there is none. Throws as {@linkcode listContainerBridges}. */
export function leastBridgeMtu(): number {
  using socket = NetlinkSocket.open();
  const mtus = listLinks(socket).filter(({ kind, mtu }) => kind === "bridge" && mtu > 0).map(({ mtu }) =>
    mtu
  );
  return mtus.length === 0 ? ETHERNET_MTU : Math.min(...mtus);
}

/** An address of this machine. */
export interface MachineAddress {
  readonly address: IpAddress;
  readonly interfaceName: string;
}

/**
 * Lists the IPv4 addresses by which other machines on a link may reach this one: not those of bridges, which containers have, of
 * tunnels and of the loopback, nor link-local ones. Throws as {@linkcode listContainerBridges}.
 */
export function listMachineAddresses(): MachineAddress[] {
  using socket = NetlinkSocket.open();
  const links = new Map(listLinks(socket).filter(({ up }) => up).map((link) => [link.index, link]));
  return listAddresses(socket).flatMap(({ local, peer, prefixLength, interfaceIndex }) => {
    const link = links.get(interfaceIndex);
    const isOnLink = local.family === 4 && !NEVER_TOLD.some((each) => prefixContains(each, local)) &&
      peer === undefined && prefixLength < 32;
    if (link === undefined || !isOnLink || link.kind === "bridge" || link.kind === "tun") return [];
    return [{ address: local, interfaceName: link.name }];
  });
}

/** Lists the addresses that this machine itself may send from. Throws as {@linkcode listContainerBridges}. */
export function listOwnAddresses(): IpAddress[] {
  using socket = NetlinkSocket.open();
  return listAddresses(socket).map(({ local }) => local);
}

/** Addresses of the loopback (RFC 1122 section 3.2.1.3), and link-local ones (RFC 3927). */
const NEVER_TOLD: readonly Prefix[] = [[127, 8], [0xa9fe, 16]].map(([start = 0, length = 0]) => ({
  address: addressFromUint32(start * 2 ** (32 - length)),
  length,
}));

/** Lists the IPv4 routers that default routes of the main table lead by, the preferred one first. Throws as {@linkcode listContainerBridges}. */
export function listDefaultGateways(): IpAddress[] {
  using socket = NetlinkSocket.open();
  return listRoutes(socket, 4)
    .filter(({ prefix }) => prefix.length === 0)
    .sort((a, b) => a.metric - b.metric)
    .map(({ gateway }) => gateway)
    .filter((gateway) => gateway !== undefined);
}
