import { equalAddress, formatAddress, type IpAddress, parseAddress } from "./address.ts";

/**
 * An address with the length of its network part in bits (CIDR, RFC 4632 and RFC 4291 section 2.3). Host bits may be set,
 * as in 192.168.251.1/24.
 */
export interface Prefix {
  /** The address, host bits and all. */
  readonly address: IpAddress;
  /** Bits of the network part: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number;
}

const PREFIX = /^([^/]+)\/(0|[1-9]\d{0,2})$/;

/**
 * Reads "ADDRESS/LENGTH". Anything else gives undefined, such as a missing length, a netmask in its place or leading zeros.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const [, addressText = "", lengthText] = PREFIX.exec(text) ?? [];
  const address = parseAddress(addressText);
  const length = Number(lengthText);
  return address === undefined || length > address.bytes.length * 8 ? undefined : { address, length };
}

/** The prefix as "ADDRESS/LENGTH", host bits kept. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** The prefix with all host bits cleared: 192.168.251.1/24 becomes 192.168.251.0/24. */
export function maskPrefix(prefix: Prefix): Prefix {
  const { address: { family, bytes }, length } = prefix;
  const cleared = bytes.map((byte, index) => byte & octetMask(length - index * 8));
  return { address: { family, bytes: cleared }, length };
}

// The mask of one byte in which `bits` of the network part are left: none below 1, all from 8.
function octetMask(bits: number): number {
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff00 >> bits) & 0xff;
}

/** The length that a netmask stands for: its ones, which come before its zeros; undefined for what is no netmask. */
export function maskLength({ bytes }: IpAddress): number | undefined {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

/** Whether the address lies in the prefix's network. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  const { address: { family, bytes }, length } = prefix;
  return family === address.family &&
    bytes.every((byte, index) =>
      ((byte ^ (address.bytes[index] ?? 0)) & octetMask(length - index * 8)) === 0
    );
}

/** Whether the two networks share an address, which means that one holds the other. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

/** Whether both have the same address, host bits and all, and the same length. */
export function equalPrefix(a: Prefix, b: Prefix): boolean {
  return a.length === b.length && equalAddress(a.address, b.address);
}
