/**
 * What `ifconfig NAME`, `netstat -nr` and `route -n get` of macOS say of interfaces and routes.
 *
 * @module
 */
import { type IpAddress, parseAddress } from "../../core/net/address.ts";
import { maskLength, parsePrefix, type Prefix } from "../../core/net/prefix.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import type { InterfaceAddress, InterfaceState } from "./interface_drift.ts";

const HEAD = /flags=[0-9a-f]+<([A-Z0-9_,]*)>(?:.*\bmtu (\d+))?/;
// A zone ("%utun4") follows link-local addresses; the destination follows an arrow.
const ADDRESS = /^\s+inet6? ([0-9a-fA-F.:]+)(?:%\S+)?(?: --> ([0-9a-fA-F.:]+))?/;

/** Reads the output of ifconfig for one interface. */
export function parseInterfaceState(text: string): InterfaceState {
  const [, flags = "", mtu = "0"] = HEAD.exec(text) ?? [];
  const addresses: InterfaceAddress[] = [];
  for (const line of text.split("\n")) {
    const [, localText = "", peerText = ""] = ADDRESS.exec(line) ?? [];
    const local = parseAddress(localText);
    const peer = parseAddress(peerText);
    if (local !== undefined) addresses.push(peer === undefined ? { local } : { local, peer });
  }
  return { mtu: Number(mtu), isUp: flags.split(",").includes("UP"), addresses };
}

/** A route as the system shows it. */
export interface ShownRoute {
  readonly prefix: Prefix;
  readonly interfaceName: string;
}

/**
 * Interfaces that are tunnels, of the system and of the kernel extensions of older VPNs: their addresses are pairs, so no network
 * is their own, and what leads there shows the same gateway link#N where a VPN made it through NetworkExtension.
 */
const TUNNEL = /^(?:utun|ipsec|ppp|gif|stf|tun|gpd|cscotun)\d/;

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
  const prefix = parsePrefix(
    family === 4 ? wholeDestination(text) : text.includes("/") ? text : `${text}/128`,
  );
  return prefix?.address.family === family ? prefix : undefined;
}

/** An IPv4 destination with all octets and its length. */
function wholeDestination(text: string): string {
  const [octets = "", length] = text.split("/");
  const given = octets.split(".");
  const whole = [...given, "0", "0", "0"].slice(0, Math.max(4, given.length)).join(".");
  return `${whole}/${length ?? given.length * 8}`;
}

/**
 * Reads the routes that programs made from the output of `netstat -nr`. They carry the flag S (static). The system sets it too on
 * what it derives for each interface: copies of its own with I (bound to the interface) or W (cloned), routes for multicast (m)
 * and for the limited broadcast.
 */
export function parseRouteTable(text: string, family: 4 | 6): ShownRoute[] {
  return parseRows(text, family)
    .filter(({ flags }) => flags.includes("S"))
    .map(({ prefix, interfaceName }) => ({ prefix, interfaceName }));
}

/**
 * Reads all routes by which the machine reaches networks, those that the system made for the networks it is on
 * included; without copies, clones, multicast and the limited broadcast.
 */
export function parseReachedNetworks(text: string, family: 4 | 6): OtherRoute[] {
  return parseRows(text, family).map(({ prefix, interfaceName, gateway }) => ({
    prefix,
    interfaceName,
    isOwn: gateway.startsWith("link#") && !TUNNEL.test(interfaceName),
    isTunnel: TUNNEL.test(interfaceName),
  }));
}

function parseRows(text: string, family: 4 | 6) {
  let head: string[] = [];
  return text.split("\n").flatMap((line) => {
    const words = line.trim().split(/\s+/);
    // The second column's title is "Gateway" in every release.
    const [destination = "", gateway = ""] = words;
    if (destination === "Destination") head = words;
    const flags = words[head.indexOf("Flags")] ?? "";
    const interfaceName = words[head.indexOf("Netif")];
    const prefix = parseDestination(destination, family);
    if (prefix === undefined || interfaceName === undefined) return [];
    return /[IWm]/.test(flags) || isBroadcast(prefix) ? [] : [{ prefix, interfaceName, gateway, flags }];
  });
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
  const netmask = parseAddress(mask ?? "");
  const length = mask === undefined ? address.bytes.length * 8 : netmask && maskLength(netmask);
  return length === undefined ? undefined : { prefix: { address, length }, interfaceName };
}
