/**
 * An interface that its process has left behind.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import type { Prefix } from "../../core/net/prefix.ts";
import { platform } from "../../ffi/platform.ts";

/**
 * Removes a TUN interface that no process holds, with the routes into it. On Linux it can only be there if it was made
 * to persist.
 *
 * @returns the routes that were removed with it; undefined if there is no such interface
 * @throws {OperationError} "failure" when a process holds it or it is no TUN, "privilege" when not root
 */
export async function deleteStaleInterface(name: string): Promise<Prefix[] | undefined> {
  if (platform.os !== "linux") return undefined;
  const { deleteLink, listLinks } = await import("../../ffi/netlink/link.ts");
  const { NetlinkSocket } = await import("../../ffi/netlink/socket.ts");
  const { SystemError } = await import("../../ffi/libc/system_error.ts");
  const { systemFault } = await import("../routing/router_linux_fault.ts");
  const { LinuxRouter } = await import("../routing/router_linux.ts");
  const act = `remove interface ${name}`;
  const routes = await new LinuxRouter().listRoutes(name);
  try {
    using socket = NetlinkSocket.open();
    const link = listLinks(socket).find((other) => other.name === name);
    if (link === undefined) return undefined;
    if (link.kind !== "tun" || link.carrier) {
      const state = link.kind === "tun" ? "a program uses it" : "it is no tunnel's";
      throw new OperationError(
        "failure",
        `Cannot ${act}: ${state}`,
        link.kind === "tun"
          ? "Stop the docker-connector or docker-connector-client that has it"
          : `Rename it (ip link set ${name} name OTHER)`,
      );
    }
    deleteLink(socket, link.index);
    return routes;
  } catch (error) {
    throw error instanceof SystemError ? systemFault(act, error) : error;
  }
}

/**
 * Takes routes and addresses from the interface of a run that was killed. A utun cannot be removed; it goes with the socket
 * of its process, but may linger while routes lead to it. Only macOS has such.
 *
 * @param control the run's control socket, beside which it has left its record
 * @returns the interface and the routes that led to it; undefined where nothing of the run is left
 * @throws {OperationError} "privilege" when not root, "io"
 */
export async function resetStaleInterface(
  control: string,
): Promise<{ readonly name: string; readonly routes: readonly Prefix[] } | undefined> {
  if (platform.os !== "darwin") return undefined;
  const { recordedInterface } = await import("./interface_record.ts");
  const { DarwinRouter } = await import("../routing/router_darwin.ts");
  const recorded = await recordedInterface(control);
  if (recorded === undefined) return undefined;
  const { name, address, peer } = recorded;
  const routes = await new DarwinRouter().strip(name, address, peer);
  return routes === undefined ? undefined : { name, routes };
}
