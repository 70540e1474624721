import { formatAddress, type IpAddress, isLinkLocal } from "../../core/net/address.ts";
import { platform } from "../../ffi/platform.ts";

/**
 * Addresses by which other machines may reach this one: those of its interfaces without the loopback, link-local ones and those of
 * the tunnel. On macOS they are not listed yet.
 *
 * @param tunnel name of the tunnel's interface
 */
export async function ownAddresses(tunnel: string): Promise<IpAddress[]> {
  if (platform.os !== "linux") return [];
  const { listAddresses } = await import("../../ffi/netlink/address.ts");
  const { listLinks } = await import("../../ffi/netlink/link.ts");
  const { netlinkOperation } = await import("./netlink_operation.ts");
  return await netlinkOperation("list the addresses of this machine", (socket) => {
    const own = listLinks(socket).find(({ name }) => name === tunnel)?.index;
    return listAddresses(socket)
      .filter(({ interfaceIndex }) => interfaceIndex !== own)
      .map(({ local }) => local)
      .filter((address) => !isLinkLocal(address) && !/^(?:127\.|::1$)/.test(formatAddress(address)));
  });
}
