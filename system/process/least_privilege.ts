import { platform } from "../../ffi/platform.ts";
import type { Capability } from "../../ffi/libc/privileges_linux.ts";

/** What a running program needs of root's capabilities on Linux, and what for. */
type Needs = { readonly [Name in Capability]?: string };

const PACKET_THREAD = "the packet thread runs before others";

/** The needs of the programs (docs/internals/privileges.md). Who starts one may allow it less. */
export const NEEDED_CAPABILITIES = {
  "docker-connector": {
    NET_ADMIN: "the interface, its addresses, routes",
    NET_BIND_SERVICE: "the port of DNS, and ports of proxy and web lines",
    NET_RAW: "echo requests to containers",
    DAC_OVERRIDE: "the Docker socket of a user, in folders that only the user can enter",
    SYS_NICE: PACKET_THREAD,
  },
  "docker-connector-client": {
    NET_ADMIN: "the interface, its addresses, routes, rules",
    NET_BIND_SERVICE: "the port of DNS",
    NET_RAW: "iptables-legacy asks the kernel through a raw socket",
    MKNOD: "makes /dev/net/tun in a container without it",
    SYS_NICE: PACKET_THREAD,
  },
  "docker-accessor": {
    NET_ADMIN: "the interface, its addresses, routes",
    DAC_OVERRIDE: "a token file of a user",
    SYS_NICE: PACKET_THREAD,
  },
} as const satisfies Readonly<Record<string, Needs>>;

/** The programs' names. */
export type ProgramName = keyof typeof NEEDED_CAPABILITIES;

/** Programs that `logs`, `trust`, `untrust` and `web` start. setpriv among them starts what it is told. */
const OF_OTHER_COMMANDS = [
  "/usr/bin/certutil",
  "/usr/bin/journalctl",
  "/usr/bin/open",
  "/usr/bin/security",
  "/usr/bin/setpriv",
  "/usr/bin/update-ca-trust",
  "/usr/sbin/update-ca-certificates",
] as const;

/** Gives up the right to start the programs that `run` never starts, for the life of this process. */
export async function keepOwnPrograms(): Promise<void> {
  for (const command of OF_OTHER_COMMANDS) await Deno.permissions.revoke({ name: "run", command });
}

/**
 * Gives up what `run` does not need: other commands' programs, and on Linux all of root's capabilities but those of the program,
 * and core dumps. The program starts itself again for that, so it is called first. macOS has no such thing for a program of root's.
 */
export async function keepLeastPrivilege(program: ProgramName): Promise<void> {
  if (platform.os === "linux") {
    const { keepCapabilities } = await import("../../ffi/libc/privileges_linux.ts");
    keepCapabilities(Object.keys(NEEDED_CAPABILITIES[program]) as Capability[]);
  }
  await keepOwnPrograms();
}
