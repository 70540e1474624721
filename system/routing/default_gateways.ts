/**
 * The routers that this machine's default routes lead by.
 *
 * @module
 */
import type { IpAddress } from "../../core/net/address.ts";
import { listRoutes } from "../../ffi/netlink/route.ts";
import { NetlinkSocket } from "../../ffi/netlink/socket.ts";

/**
 * Lists the IPv4 routers of the main table, the preferred one first.
 *
 * @throws {SystemError} when the kernel refuses
 */
export function listDefaultGateways(): IpAddress[] {
  using socket = NetlinkSocket.open();
  return listRoutes(socket, 4)
    .filter(({ prefix }) => prefix.length === 0)
    .sort((a, b) => a.metric - b.metric)
    .map(({ gateway }) => gateway)
    .filter((gateway) => gateway !== undefined);
}
