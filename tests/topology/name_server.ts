/**
 * The name server of a test's virtual machine, which knows the desktop as `host.docker.internal` as that of Docker
 * Desktop does.
 *
 * @module
 */
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";

/** Starts it in `vm`. */
export async function serveDesktopName({ vm, vmAddress, macAddress }: Network): Promise<Process> {
  const child = vm.spawnScript("name_server.ts", [vmAddress, "host.docker.internal", macAddress]);
  await child.stdout.waitFor(/bound/);
  return child;
}

/** Has it tell another address of the desktop. */
export async function moveDesktopName(server: Process, address: string): Promise<void> {
  const from = server.stdout.lines.length;
  await server.send(address);
  await server.stdout.waitFor(/^knows /, { from });
}

/** The text of an /etc/resolv.conf that leads to it. */
export function resolverFile({ vmAddress }: Network): string {
  return `nameserver ${vmAddress}\n`;
}
