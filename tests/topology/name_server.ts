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

/** The text of an /etc/resolv.conf that leads to it. */
export function resolverFile({ vmAddress }: Network): string {
  return `nameserver ${vmAddress}\n`;
}
