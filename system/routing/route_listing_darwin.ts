/**
 * What `netstat -nr` and `route -n get` of macOS say of routes.
 *
 * @module
 */
import { type IpAddress, parseAddress } from "../../core/net/address.ts";
import { parsePrefix, type Prefix } from "../../core/net/prefix.ts";

/** A route as the system shows it. */
export interface ShownRoute {
  readonly prefix: Prefix;
  readonly interfaceName: string;
}

/** A network that the machine reaches. */
export interface ReachedNetwork extends ShownRoute {
  /** Whether the interface is on it; else a program made the route. */
  readonly isOwn: boolean;
}

/**
 * Interfaces that are tunnels: their addresses are pairs, so no network is their own, and what leads there shows the same
 * gateway link#N where a VPN made it through NetworkExtension.
 */
const TUNNEL = /^(?:utun|ipsec|ppp|gif|stf)\d/;

const zeros: Readonly<Record<4 | 6, IpAddress>> = {
  4: { family: 4, bytes: new Uint8Array(4) },
  6: { family: 6, bytes: new Uint8Array(16) },
};

/**
 * Reads a destination as netstat abbreviates it: "172.17" is 172.17.0.0/16, "10.1/16" is 10.1.0.0/16, "192.168.0" is
 * 192.168.0.0/24. Octets at the end are left out as far as the classful network of the address allows, and the length
 * where it is the classful one; four octets without a length are a host (netname and domask in Apple's
 * network_cmds, netstat.tproj/route.c).
 *
 * @returns the prefix, or undefined for what is none, such as an address with a zone
 */
export function parseDestination(text: string, family: 4 | 6): Prefix | undefined {
  if (text === "default") return { address: zeros[family], length: 0 };
  if (family === 6) return parsePrefix(text.includes("/") ? text : `${text}/128`);
  const [octets = "", length] = text.split("/");
  const given = octets.split(".");
  const whole = [...given, "0", "0", "0"].slice(0, Math.max(4, given.length)).join(".");
  return parsePrefix(`${whole}/${length ?? given.length * 8}`);
}

/**
 * Reads the routes that programs made from the output of `netstat -nr`. They carry the flag S (static). The system sets
 * it too on what it derives for each interface: copies of its own with I (bound to the interface) or W (cloned), routes
 * for multicast (m) and for the limited broadcast.
 */
export function parseRouteTable(text: string, family: 4 | 6): ShownRoute[] {
  return parseRows(text, family).filter(({ flags }) => flags.includes("S")).map(shown);
}

/**
 * Reads all routes by which the machine reaches networks, those that the system made for the networks it is on
 * included; without copies, clones, multicast and the limited broadcast.
 */
export function parseReachedNetworks(text: string, family: 4 | 6): ReachedNetwork[] {
  return parseRows(text, family).map((row) => ({
    ...shown(row),
    isOwn: row.gateway.startsWith("link#") && !TUNNEL.test(row.interfaceName),
  }));
}

interface Row extends ShownRoute {
  readonly gateway: string;
  readonly flags: string;
}

function shown({ prefix, interfaceName }: Row): ShownRoute {
  return { prefix, interfaceName };
}

function parseRows(text: string, family: 4 | 6): Row[] {
  const rows: Row[] = [];
  let flagsColumn = -1;
  let interfaceColumn = -1;
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "Destination") {
      flagsColumn = words.indexOf("Flags");
      interfaceColumn = words.indexOf("Netif");
      continue;
    }
    const flags = words[flagsColumn] ?? "";
    const interfaceName = words[interfaceColumn];
    const prefix = parseDestination(words[0] ?? "", family);
    if (prefix === undefined || interfaceName === undefined) continue;
    if (!/[IWm]/.test(flags) && !isBroadcast(prefix)) {
      // The second column, of which every release says "Gateway".
      rows.push({ prefix, interfaceName, gateway: words[1] ?? "", flags });
    }
  }
  return rows;
}

/** 255.255.255.255/32 (RFC 919 section 7). */
function isBroadcast({ address }: Prefix): boolean {
  return address.family === 4 && address.bytes.every((octet) => octet === 0xff);
}

/**
 * Reads the output of `route -n get`: the route that the system found. Asked for an address it is one that covers it; asked
 * for a prefix it is the one of that prefix, or none.
 */
export function parseFoundRoute(text: string, family: 4 | 6): ShownRoute | undefined {
  const field = (name: string) => new RegExp(`^\\s*${name}: (\\S+)`, "m").exec(text)?.[1];
  const interfaceName = field("interface");
  const destination = field("destination");
  if (interfaceName === undefined || destination === undefined) return undefined;
  const mask = field("mask");
  if (destination === "default" && (mask === undefined || mask === "default")) {
    return { prefix: { address: zeros[family], length: 0 }, interfaceName };
  }
  const address = destination === "default" ? zeros[family] : parseAddress(destination);
  if (address?.family !== family) return undefined;
  // A host route has no mask.
  const length = mask === undefined ? address.bytes.length * 8 : maskLength(mask);
  return length === undefined ? undefined : { prefix: { address, length }, interfaceName };
}

function maskLength(text: string): number | undefined {
  const bytes = parseAddress(text)?.bytes;
  if (bytes === undefined) return undefined;
  const bits = Array.from(bytes, (octet) => octet.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}
