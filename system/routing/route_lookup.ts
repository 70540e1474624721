import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { platform } from "../../ffi/platform.ts";
import { runCommand } from "../process/command.ts";

/** Finds the interface by which the system would send to an address; undefined where it has no route, or the address is its own. */
export async function interfaceTowards(address: IpAddress): Promise<string | undefined> {
  if (platform.os === "darwin") return await darwinInterface(address);
  const { lookUpRoute } = await import("../../ffi/netlink/route.ts");
  const { listLinks } = await import("../../ffi/netlink/link.ts");
  const { netlinkOperation } = await import("./netlink_operation.ts");
  return await netlinkOperation("look up a route", (socket) => {
    try {
      const found = lookUpRoute(socket, address);
      return found && listLinks(socket).find(({ index }) => index === found.interfaceIndex)?.name;
    } catch (error) {
      // ENETUNREACH, EHOSTUNREACH: there is no route.
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  });
}

async function darwinInterface(address: IpAddress): Promise<string | undefined> {
  const { parseFoundRoute } = await import("./network_listing_darwin.ts");
  const { ROUTE } = await import("./programs_darwin.ts");
  const family = address.family === 4 ? "-inet" : "-inet6";
  const { stdout } = await runCommand([ROUTE, "-n", "get", family, formatAddress(address)]);
  return parseFoundRoute(stdout, address.family)?.interfaceName;
}
