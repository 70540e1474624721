import { equalAddress, formatAddress, type IpAddress, nextAddress } from "../net/address.ts";
import {
  formatPrefix,
  maskPrefix,
  parsePrefix,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "../net/prefix.ts";

/** The two fixed addresses of the virtual network (docs/internals/protocol.md, "Addresses"). */
export interface TunnelAddresses {
  /** The Docker side: the address of `addr` itself. */
  readonly client: IpAddress;
  /** The desktop side: the address after it. */
  readonly server: IpAddress;
}

/**
 * Returns the two addresses of the value of `addr` or `addr6`.
 *
 * @throws {RangeError} for the last address of its family, which no parsed configuration has
 */
export function tunnelAddresses(addr: Prefix): TunnelAddresses {
  return { client: addr.address, server: nextAddress(addr.address) };
}

/**
 * Tells whether a host may have the address: it lies in the network and is neither the network's own address nor,
 * for IPv4, its broadcast address (RFC 922 section 7; for IPv6 the first address is the routers' anycast, RFC
 * 4291 section 2.6.1).
 */
export function isHostAddress(network: Prefix, address: IpAddress): boolean {
  const first = maskPrefix(network).address;
  if (!prefixContains(network, address) || equalAddress(address, first)) return false;
  return address.family === 6 || !equalAddress(address, lastAddress(network));
}

function lastAddress(network: Prefix): IpAddress {
  const { address: { family, bytes }, length } = maskPrefix(network);
  const filled = bytes.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, length - index * 8))));
  return { family, bytes: filled };
}

// RFC 6890, as far as traffic there belongs to the host itself or to its link.
const SPECIAL_PURPOSE = Object.entries({
  "0.0.0.0/8": "this host",
  "127.0.0.0/8": "loopback",
  "169.254.0.0/16": "link-local",
  "224.0.0.0/4": "multicast",
  "240.0.0.0/4": "reserved",
  "::/127": "loopback",
  "::ffff:0:0/96": "IPv4-mapped",
  "fe80::/10": "link-local",
  "ff00::/8": "multicast",
}).map(([text, name]) => ({ prefix: parsePrefix(text), title: `${text} (${name})` }));

/** Names the special-purpose network that overlaps, such as "127.0.0.0/8 (loopback)"; undefined if none. */
export function specialPurposePrefix(network: Prefix): string | undefined {
  return SPECIAL_PURPOSE.find(({ prefix }) => prefix && prefixesOverlap(prefix, network))?.title;
}

// A network wider than 10.0.0.0/8, the widest private one (RFC 1918), takes away addresses of the Internet.
const MIN_LENGTH = 8;
// Both roles and, for IPv4, the network's and the broadcast address need two host bits.
const MIN_HOST_BITS = 2;

/** Says why the prefix cannot be the virtual network; undefined if it can. */
export function virtualNetworkProblem(addr: Prefix): string | undefined {
  const text = formatPrefix(addr);
  const { address } = addr;
  const max = address.bytes.length * 8 - MIN_HOST_BITS;
  if (addr.length > max) {
    return `${text} has no room for the Docker side's and the server's address: expected /${max} or wider`;
  }
  if (addr.length < MIN_LENGTH) return `${text} is too wide: expected /${MIN_LENGTH} or narrower`;
  const special = specialPurposePrefix(addr);
  if (special !== undefined) return `${text} overlaps ${special}: expected a private network`;
  const first = maskPrefix(addr).address;
  if (!isHostAddress(addr, address)) {
    const role = equalAddress(address, first) ? "network" : "broadcast";
    const example = formatPrefix({ address: nextAddress(first), length: addr.length });
    const taken = `${formatAddress(address)} is the ${role} address, not a host address`;
    return `${taken}: expected one such as "${example}"`;
  }
  const server = nextAddress(address);
  if (isHostAddress(addr, server)) return undefined;
  const next = formatAddress(server);
  return `the server would get the next address, ${next}, the broadcast address: expected a lower one`;
}

/** Finds the lowest address of the virtual IPv4 network that is free; undefined if the network is full. */
export function freeAddress(
  { addr, tokens }: { readonly addr: Prefix; readonly tokens: readonly { readonly address: IpAddress }[] },
): IpAddress | undefined {
  const { client, server } = tunnelAddresses(addr);
  const taken = [client, server, ...tokens.map(({ address }) => address)];
  for (let one = maskPrefix(addr).address; prefixContains(addr, one); one = nextAddress(one)) {
    if (isHostAddress(addr, one) && !taken.some((other) => equalAddress(one, other))) return one;
  }
  return undefined;
}
