/**
 * The `dns` and `host` commands of a control text (docs/internals/protocol.md), as mac-docker-connector's server writes them.
 *
 * @module
 */
import { formatAddress, type IpAddress } from "../net/address.ts";
import type { HostEntry } from "./hosts_file.ts";

/** Bytes of the `dns` and `host` commands of a text: a text has 65,535 at most, and the other commands need room too. */
const MAX_BYTES = 48 * 1024;
/** Domains of a text. As many that are taken back, all of the longest, leave room for addresses. */
export const MAX_DOMAINS = 64;

/** The server's virtual addresses. */
export interface VirtualAddresses {
  /** Its IPv4 address. */
  readonly ipv4: IpAddress;
  /** Its IPv6 address; undefined while IPv6 is off. */
  readonly ipv6: IpAddress | undefined;
}

/** What a client is to resolve for containers. */
export interface HostNames {
  /** Endings of the names whose queries the client takes over. */
  readonly domains: readonly string[];
  /** What it answers. */
  readonly entries: readonly HostEntry[];
}

/** No names at all. */
export const NO_HOST_NAMES: HostNames = { domains: [], entries: [] };

/** Makes `dns D1 D2 ...`; none without domains. */
export function dnsCommand(domains: readonly string[]): string[] {
  return domains.length === 0 ? [] : [["dns", ...domains].join(" ")];
}

/**
 * Makes `host IP NAME...` for each entry. An address of the desktop's loopback becomes the server's virtual address, where
 * containers reach what `proxy` forwards.
 *
 * @param families mac-docker-connector's client ends at an IPv6 address
 * @param used bytes of the text's `dns` command
 * @returns the commands, and how many entries had no room or no address that containers reach
 */
export function hostCommands(
  entries: readonly HostEntry[],
  server: VirtualAddresses,
  families: readonly (4 | 6)[],
  used = 0,
): { readonly commands: string[]; readonly omitted: number } {
  const commands: string[] = [];
  let bytes = used;
  let omitted = 0;
  for (const { address, names } of entries) {
    const reachable = isLoopback(address) ? address.family === 4 ? server.ipv4 : server.ipv6 : address;
    // What the other family cannot carry is for clients that take both.
    if (!families.includes(address.family)) continue;
    const command = reachable && ["host", formatAddress(reachable), ...names].join(" ");
    if (command === undefined || bytes + command.length + 1 > MAX_BYTES) {
      omitted++;
      continue;
    }
    bytes += command.length + 1;
    commands.push(command);
  }
  return { commands, omitted };
}

/** 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1 (RFC 4291 section 2.5.3). */
function isLoopback({ family, bytes }: IpAddress): boolean {
  return family === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}
