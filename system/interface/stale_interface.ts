/**
 * What a run that was killed has left: an interface with addresses and routes. On macOS the kernel chooses its name, and such
 * a run cannot be asked. So the server's is on record beside the control socket (`/var/run/docker-connector.interface`), as one
 * line of JSON.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { formatAddress, parseAddress } from "../../core/net/address.ts";
import type { Prefix } from "../../core/net/prefix.ts";
import { platform } from "../../ffi/platform.ts";
import type { InterfaceSettings } from "../routing/router.ts";

/** An interface and the pair of addresses by which it is recognised. */
export type RecordedInterface = Pick<InterfaceSettings, "name" | "address" | "peer">;

/** Names that the server's interfaces have. */
const NAME = /^(?:utun(?:0|[1-9]\d{0,4})|connector0)$/;

/** Where the record of the run is that serves or served a control socket. */
export function recordFile(control: string): string {
  return `${control.replace(/\.sock$/, "")}.interface`;
}

/**
 * Writes the record; disposal removes it. Where it cannot be written the run goes on without: what keeps it from being
 * written keeps the control socket from being made too, and that is told.
 */
export async function recordInterface(
  control: string,
  { name, address, peer }: RecordedInterface,
): Promise<AsyncDisposable> {
  const record = { interface: name, address: formatAddress(address), peer: formatAddress(peer) };
  try {
    // A link that somebody put there is replaced, not followed.
    await removeRecord(control);
    const options = { mode: 0o600, createNew: true };
    await Deno.writeTextFile(recordFile(control), `${JSON.stringify(record)}\n`, options);
  } catch {
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  return { [Symbol.asyncDispose]: () => removeRecord(control) };
}

/**
 * Reads the record that a run has left; undefined where there is none, or none that this user wrote: in a folder that all
 * may write to, somebody else could have.
 */
export async function recordedInterface(control: string): Promise<RecordedInterface | undefined> {
  const file = recordFile(control);
  try {
    const { isFile, uid, size } = await Deno.lstat(file);
    if (!isFile || uid !== Deno.uid() || size > 1024) return undefined;
    const { interface: name, address, peer } = JSON.parse(await Deno.readTextFile(file));
    if ([name, address, peer].some((field) => typeof field !== "string") || !NAME.test(name)) {
      return undefined;
    }
    const [own, other] = [address, peer].map(parseAddress);
    return own === undefined || other === undefined ? undefined : { name, address: own, peer: other };
  } catch {
    return undefined;
  }
}

export async function removeRecord(control: string): Promise<void> {
  await Deno.remove(recordFile(control)).catch(() => {});
}

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
  const { netlinkOperation } = await import("../routing/netlink_operation.ts");
  const { LinuxRouter } = await import("../routing/router_linux.ts");
  const act = `remove interface ${name}`;
  const routes = await new LinuxRouter().listRoutes(name);
  return await netlinkOperation(act, (socket) => {
    const link = listLinks(socket).find((other) => other.name === name);
    if (link === undefined) return undefined;
    if (link.kind !== "tun") {
      const remedy = `Rename it (ip link set ${name} name OTHER)`;
      throw new OperationError("failure", `Cannot ${act}: it is no tunnel's`, remedy);
    }
    if (link.carrier) {
      const remedy = "Stop the docker-connector or docker-connector-client that has it";
      throw new OperationError("failure", `Cannot ${act}: a program uses it`, remedy);
    }
    deleteLink(socket, link.index);
    return routes;
  });
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
  const { DarwinRouter } = await import("../routing/router_darwin.ts");
  const recorded = await recordedInterface(control);
  if (recorded === undefined) return undefined;
  const { name, address, peer } = recorded;
  const routes = await new DarwinRouter().strip(name, address, peer);
  return routes && { name, routes };
}
