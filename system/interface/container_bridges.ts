/**
 * The bridges of this machine's container networks: those interfaces of the kind that Docker makes for a network, with what
 * the kernel routes to them.
 *
 * @module
 */

import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import { RTPROT } from "../../ffi/netlink/constants.ts";
import { listLinks } from "../../ffi/netlink/link.ts";
import { type KernelRoute, listRoutes } from "../../ffi/netlink/route.ts";
import { NetlinkSocket } from "../../ffi/netlink/socket.ts";

/**
 * Lists the bridges of the network namespace that the calling thread is in.
 *
 * @throws {SystemError} when the kernel refuses
 */
export function listContainerBridges(): ContainerBridge[] {
  using socket = NetlinkSocket.open();
  const routes = [...listRoutes(socket, 4), ...listRoutes(socket, 6)].filter(isNetwork);
  return listLinks(socket).filter(({ kind }) => kind === "bridge").map(({ index, name }) => ({
    name,
    subnets: routes.filter(({ interfaceIndex }) => interfaceIndex === index).map(({ prefix }) => prefix),
  }));
}

/** The kernel makes a route for each address that an interface is given; fe80::/10 is not a container network. */
function isNetwork({ protocol, prefix: { address: { family, bytes } } }: KernelRoute): boolean {
  const isLinkLocal = family === 6 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
  return protocol === RTPROT.KERNEL && !isLinkLocal;
}
