import ipaddr from "ipaddr.js";

/** An IPv4 or IPv6 address. `bytes` is in network order: 4 bytes for family 4, 16 for family 6. Treat it as read-only. */
export interface IpAddress {
  /** The IP version. */
  readonly family: 4 | 6;
  /** The address, first octet first. */
  readonly bytes: Uint8Array;
  /** The number of the interface that a link-local IPv6 address is on (RFC 4007's zone); absent where there is none. */
  readonly scope?: number;
}

// The last 32 bits of an IPv6 text may be written as IPv4 (RFC 4291 section 2.2, form 3).
const IPV4_TAIL = /^(.*:)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;
const IPV6_CHARACTERS = /^[0-9a-fA-F:]+$/;
// RFC 4007 section 11: the zone is a number or a name, and a name of an interface has up to 15 characters.
const ZONED = /^([^%]+)%([A-Za-z0-9._-]{1,15})$/;
const SCOPE = /^[1-9]\d{0,9}$/;
/** Scope ids are 32 bits (RFC 3493 section 3.3). */
const MAX_SCOPE = 0xffff_ffff;

/**
 * Reads an address from its text: four decimal octets without leading zeros, or an IPv6 text of RFC 4291 section 2.2.
 * Anything else gives undefined, such as shortened IPv4 ("10.1"), octal and hexadecimal octets, zone ids and surrounding blanks.
 */
export function parseAddress(text: string): IpAddress | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/**
 * Whether the text is a link-local IPv6 address with its zone behind a percent sign, as in "fe80::1%eth0" (RFC 4007 section
 * 11). Only the system knows which number an interface has.
 */
export function isZonedAddress(text: string): boolean {
  return splitZone(text) !== undefined;
}

/** Reads an address as {@linkcode parseAddress} does, or a link-local IPv6 address with its zone as a number, "fe80::1%2". */
export function parseScopedAddress(text: string): IpAddress | undefined {
  const zoned = splitZone(text);
  if (zoned === undefined) return parseAddress(text);
  const scope = Number(zoned.zone);
  return SCOPE.test(zoned.zone) && scope <= MAX_SCOPE ? { ...zoned.address, scope } : undefined;
}

function splitZone(text: string): { address: IpAddress; zone: string } | undefined {
  const [, head = "", zone = ""] = ZONED.exec(text) ?? [];
  const address = parseAddress(head);
  return address !== undefined && isLinkLocal(address) ? { address, zone } : undefined;
}

/** Whether an address is a link-local one of IPv6, fe80::/10, which systems give by themselves (RFC 4291 section 2.5.6). */
export function isLinkLocal({ family, bytes: [first, second = 0] }: IpAddress): boolean {
  return family === 6 && first === 0xfe && (second & 0xc0) === 0x80;
}

function parseIpv4(text: string): IpAddress | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return { family: 4, bytes: Uint8Array.from(ipaddr.IPv4.parse(text).octets) };
}

function parseIpv6(text: string): IpAddress | undefined {
  let groups = text;
  // ipaddr.js reads "::1.2.3.4" as the mapped address ::ffff:1.2.3.4, so it never gets to see a dotted tail.
  const [, head, tail] = IPV4_TAIL.exec(text) ?? [];
  if (head !== undefined && tail !== undefined) {
    const ipv4 = parseIpv4(tail);
    if (ipv4 === undefined) return undefined;
    const number = addressToUint32(ipv4);
    groups = `${head}${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
  }
  if (!IPV6_CHARACTERS.test(groups) || !ipaddr.IPv6.isValid(groups)) return undefined;
  return { family: 6, bytes: Uint8Array.from(ipaddr.IPv6.parse(groups).toByteArray()) };
}

/**
 * The address as text: dotted decimal, or the canonical IPv6 form of RFC 5952 (IPv4-mapped ones with a dotted tail), with the
 * scope as a number if it has one.
 */
export function formatAddress(address: IpAddress): string {
  if (address.family === 4) return address.bytes.join(".");
  const text = formatIpv6(address.bytes);
  return address.scope === undefined ? text : `${text}%${address.scope}`;
}

function formatIpv6(bytes: Uint8Array): string {
  if (isIpv4Mapped(bytes)) return `::ffff:${bytes.subarray(12).join(".")}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16)).join(":");
  // RFC 5952 section 4.2.3: the longest run of two or more zeros is shortened, the first of equal ones.
  const zeros = (text.match(/\b0(?::0\b)+/g) ?? []).reduce((a, b) => b.length > a.length ? b : a, "");
  return zeros === "" ? text : text.replace(new RegExp(`:?\\b${zeros}\\b:?`), "::");
}

// ::ffff:0:0/96 (RFC 4291 section 2.5.5.2)
function isIpv4Mapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** An IPv4-mapped address (::ffff:0:0/96), by which an IPv6 socket names IPv4 hosts, as the IPv4 one; others as they are. */
export function unmapAddress(address: IpAddress): IpAddress {
  return address.family === 6 && isIpv4Mapped(address.bytes)
    ? { family: 4, bytes: address.bytes.slice(12) }
    : address;
}

/** An IPv4 address as an IPv4-mapped one, others as they are. */
export function mapAddress(address: IpAddress): IpAddress {
  if (address.family === 6) return address;
  const bytes = new Uint8Array(16);
  bytes.fill(0xff, 10, 12);
  bytes.set(address.bytes, 12);
  return { family: 6, bytes };
}

/** Whether both are the same address of the same family and scope. */
export function equalAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.scope === b.scope &&
    a.bytes.every((byte, index) => byte === b.bytes[index]);
}

/**
 * The address after this one.
 *
 * @throws {RangeError} for the last address of the family
 */
export function nextAddress(address: IpAddress): IpAddress {
  const bytes = address.bytes.slice();
  const last = bytes.findLastIndex((byte) => byte < 0xff);
  if (last < 0) {
    throw new RangeError(`Cannot count on from ${formatAddress(address)}: it is the last address`);
  }
  bytes[last] = (bytes[last] ?? 0) + 1;
  return { family: address.family, bytes: bytes.fill(0, last + 1) };
}

/**
 * An IPv4 address as an unsigned 32-bit number, the first octet in the highest bits.
 *
 * @throws {RangeError} for an IPv6 address
 */
export function addressToUint32(address: IpAddress): number {
  if (address.family !== 4) {
    throw new RangeError(`Cannot use ${formatAddress(address)} as a 32-bit number: it is IPv6`);
  }
  const { buffer, byteOffset } = address.bytes;
  return new DataView(buffer, byteOffset, 4).getUint32(0);
}

/** The IPv4 address of an unsigned 32-bit number, the first octet in the highest bits; higher bits are cut off. */
export function addressFromUint32(value: number): IpAddress {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return { family: 4, bytes };
}
