/**
 * The virtual network that `addr` and `addr6` describe, and who has which address in it.
 *
 * @module
 */
import { equalAddress, formatAddress, type IpAddress, nextAddress } from "../net/address.ts";
import {
  formatPrefix,
  maskPrefix,
  parsePrefix,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "../net/prefix.ts";

/** The two fixed addresses of the virtual network (docs/protocol.md, "Addresses"). */
export interface Roles {
  /** The Docker side: the address of `addr` itself. */
  readonly client: IpAddress;
  /** The desktop side: the address after it. */
  readonly server: IpAddress;
}

/**
 * Who has which address.
 *
 * @param addr the value of `addr` or `addr6`
 * @throws {RangeError} if there is no address after that of `addr`, which no parsed configuration has
 */
export function rolesOf(addr: Prefix): Roles {
  return { client: addr.address, server: nextAddress(addr.address) };
}

/**
 * Whether a host may have the address: it lies in the network and is neither the network's own address nor, for IPv4,
 * its broadcast address (RFC 922 section 7; for IPv6 the first address is the routers' anycast, RFC 4291 section 2.6.1).
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
const SPECIAL = [
  special("0.0.0.0/8", "this host"),
  special("127.0.0.0/8", "loopback"),
  special("169.254.0.0/16", "link-local"),
  special("224.0.0.0/4", "multicast"),
  special("240.0.0.0/4", "reserved"),
  special("::/127", "loopback"),
  special("::ffff:0:0/96", "IPv4-mapped"),
  special("fe80::/10", "link-local"),
  special("ff00::/8", "multicast"),
];

function special(text: string, name: string): { prefix: Prefix | undefined; title: string } {
  return { prefix: parsePrefix(text), title: `${text} (${name})` };
}

/** Says which special network the prefix shares addresses with, such as "127.0.0.0/8 (loopback)"; undefined if none. */
export function specialNetwork(network: Prefix): string | undefined {
  return SPECIAL.find(({ prefix }) => prefix !== undefined && prefixesOverlap(prefix, network))?.title;
}

// A network wider than 10.0.0.0/8, the widest private one (RFC 1918), takes away addresses of the Internet.
const SHORTEST = { 4: 8, 6: 8 } as const;
// Both roles and, for IPv4, the network's and the broadcast address need two host bits.
const LONGEST = { 4: 30, 6: 126 } as const;

/** Says why the prefix cannot be the virtual network; undefined if it can. */
export function virtualNetworkProblem(addr: Prefix): string | undefined {
  const text = formatPrefix(addr);
  const { family } = addr.address;
  if (addr.length > LONGEST[family]) {
    return `${text} has no room for the Docker side's and the server's address; expected /${
      LONGEST[family]
    } or wider`;
  }
  if (addr.length < SHORTEST[family]) return `${text} is too wide; expected /${SHORTEST[family]} or narrower`;
  const taken = specialNetwork(addr);
  if (taken !== undefined) return `${text} overlaps ${taken}; expected a private network`;
  if (!isHostAddress(addr, addr.address)) {
    const first = nextAddress(maskPrefix(addr).address);
    const example = formatPrefix({ address: first, length: addr.length });
    return `${formatAddress(addr.address)} is no host's address in its network; expected one as in ${
      quoted(example)
    }`;
  }
  const server = nextAddress(addr.address);
  return isHostAddress(addr, server)
    ? undefined
    : `the server would get the next address, ${
      formatAddress(server)
    }, which is no host's; expected a lower address`;
}

function quoted(text: string): string {
  return `"${text}"`;
}
