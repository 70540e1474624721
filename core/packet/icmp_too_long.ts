/**
 * The reports to the sender of a packet that is longer than the MTU of the link it would take: ICMP
 * "fragmentation needed and DF set" (RFC 792, with the next hop's MTU as in RFC 1191 section 4) and ICMPv6
 * "packet too big" (RFC 4443 section 3.2). The sender makes its packets shorter then.
 *
 * @module
 */
import type { Arena } from "../memory/arena.ts";
import { complement, fold, type Sum, swap16 } from "./checksum.ts";
import { isIcmpError } from "./icmp_echo.ts";
import { IPV4_HEADER, IPV6_HEADER, packetVersion } from "./ip.ts";
import { NO_UPPER_LAYER, upperLayer } from "./ipv6_extension.ts";

/** Protocol numbers (IANA "Assigned Internet Protocol Numbers"). */
const PROTOCOL_ICMP = 1;
const PROTOCOL_ICMPV6 = 58;
/** Bytes before the quoted packet, in both versions of ICMP: type, code, checksum, and four more. */
const ICMP_HEADER = 8;
/** ICMP: destination unreachable, fragmentation needed and DF set (RFC 792). */
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
/**
 * ICMPv6: packet too big (RFC 4443 section 3.2); error messages are those below 128 (section 2.1); redirect
 * (RFC 4861 section 4.5).
 */
const PACKET_TOO_BIG = 2;
const MIN_INFORMATIONAL = 128;
const REDIRECT = 137;
/** IPv4 octet 6: DF (RFC 791 section 3.1). */
const DONT_FRAGMENT = 0x40;
/** TOS of ICMP errors: precedence 6, internetwork control (RFC 1812 section 4.3.2.5). */
const INTERNETWORK_CONTROL = 0xc0;
/**
 * Time to live and hop limit of new packets (IANA "Internet Protocol Version 4 (IPv4) Parameters", default
 * TTL).
 */
const HOP_LIMIT = 64;
/** The longest ICMP error over IPv4 (RFC 1812 section 4.3.2.3). */
const MAX_ICMP = 576;

/** Bytes of the longest report: the least MTU of IPv6 (RFC 4443 section 2.4 (c)). */
export const MAX_TOO_LONG = 1280;
/**
 * Returned by {@linkcode writeTooLong} for an IPv4 packet without DF, which may be fragmented and is not
 * reported.
 */
export const MAY_FRAGMENT: number = -1;

/**
 * Writes the report about a packet. Its caller knows that the packet is too long, and bounds how many reports
 * go out in a second (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 (f)). No report is made about ICMP
 * errors, fragments but the first, packets from an address that is not one host's, and IPv4 packets to more
 * than one host (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)). A directed broadcast is not known here:
 * the caller knows its networks.
 *
 * @param at byte offset where it is written: {@linkcode MAX_TOO_LONG} bytes apart from the packet's own
 * @param packet byte offset of the IP header
 * @param length bytes of the packet
 * @param mtu the longest packet that would be carried, in bytes
 * @param source the report's source, in the packet's version: 4 or 16 bytes
 * @returns the report's length; 0 if there is none, {@linkcode MAY_FRAGMENT} for an IPv4 packet without DF
 */
export function writeTooLong(
  arena: Arena,
  sum: Sum,
  at: number,
  packet: number,
  length: number,
  mtu: number,
  source: Uint8Array,
): number {
  const { u8 } = arena;
  const version = packetVersion(u8, packet, length);
  if (version === 4) {
    if ((u8[packet + 6] & DONT_FRAGMENT) === 0) return MAY_FRAGMENT;
    return source.length === 4 && mayReportIpv4(u8, packet, length)
      ? writeIpv4(u8, sum, at, packet, length, mtu, source)
      : 0;
  }
  return version === 6 && source.length === 16 && mayReportIpv6(u8, packet, length)
    ? writeIpv6(u8, sum, at, packet, length, mtu, source)
    : 0;
}

function mayReportIpv4(u8: Uint8Array, packet: number, length: number): boolean {
  const isLaterFragment = ((u8[packet + 6] & 0x1f) | u8[packet + 7]) !== 0;
  if (isLaterFragment || isIcmpError(u8, packet, length)) return false;
  const source = u8[packet + 12];
  // This network, loopback, multicast, reserved with the limited broadcast (RFC 6890); to the last two no
  // report is made either.
  return source !== 0 && source !== 127 && source < 224 && u8[packet + 16] < 224;
}

function mayReportIpv6(u8: Uint8Array, packet: number, length: number): boolean {
  const upper = upperLayer(u8, packet, length, true);
  if (upper === NO_UPPER_LAYER) return false;
  const offset = upper >>> 8;
  if ((upper & 0xff) === PROTOCOL_ICMPV6) {
    const type = offset < length ? u8[packet + offset] : PACKET_TOO_BIG;
    if (type < MIN_INFORMATIONAL || type === REDIRECT) return false;
  }
  if (u8[packet + 8] === 0xff) return false;
  for (let octet = 8; octet < 23; octet++) if (u8[packet + octet] !== 0) return true;
  // The unspecified address and loopback, :: and ::1.
  return u8[packet + 23] > 1;
}

function writeIpv4(
  u8: Uint8Array,
  sum: Sum,
  at: number,
  packet: number,
  length: number,
  mtu: number,
  source: Uint8Array,
): number {
  const quoted = Math.min(length, MAX_ICMP - IPV4_HEADER - ICMP_HEADER);
  const total = IPV4_HEADER + ICMP_HEADER + quoted;
  const icmp = at + IPV4_HEADER;
  u8.fill(0, at, icmp + ICMP_HEADER);
  u8[at] = 0x45;
  u8[at + 1] = INTERNETWORK_CONTROL;
  writeUint16(u8, at + 2, total);
  // With DF the id means nothing and may be 0 (RFC 6864 section 4.1).
  u8[at + 6] = DONT_FRAGMENT;
  u8[at + 8] = HOP_LIMIT;
  u8[at + 9] = PROTOCOL_ICMP;
  u8.set(source, at + 12);
  u8.copyWithin(at + 16, packet + 12, packet + 16);
  writeChecksum(u8, at + 10, sum(at, IPV4_HEADER));
  u8[icmp] = UNREACHABLE;
  u8[icmp + 1] = FRAGMENTATION_NEEDED;
  writeUint16(u8, icmp + 6, Math.min(mtu, 0xffff));
  u8.copyWithin(icmp + ICMP_HEADER, packet, packet + quoted);
  writeChecksum(u8, icmp + 2, sum(icmp, ICMP_HEADER + quoted));
  return total;
}

function writeIpv6(
  u8: Uint8Array,
  sum: Sum,
  at: number,
  packet: number,
  length: number,
  mtu: number,
  source: Uint8Array,
): number {
  const quoted = Math.min(length, MAX_TOO_LONG - IPV6_HEADER - ICMP_HEADER);
  const covered = ICMP_HEADER + quoted;
  const icmp = at + IPV6_HEADER;
  u8.fill(0, at, icmp + ICMP_HEADER);
  u8[at] = 0x60;
  writeUint16(u8, at + 4, covered);
  u8[at + 6] = PROTOCOL_ICMPV6;
  u8[at + 7] = HOP_LIMIT;
  u8.set(source, at + 8);
  u8.copyWithin(at + 24, packet + 8, packet + 24);
  u8[icmp] = PACKET_TOO_BIG;
  writeUint16(u8, icmp + 4, mtu >>> 16);
  writeUint16(u8, icmp + 6, mtu);
  u8.copyWithin(icmp + ICMP_HEADER, packet, packet + quoted);
  // The pseudo-header (RFC 8200 section 8.1): both addresses, length and protocol.
  const pseudoHeader = sum(at + 8, 32) + swap16(covered) + swap16(PROTOCOL_ICMPV6);
  writeChecksum(u8, icmp + 2, pseudoHeader + sum(icmp, covered));
  return IPV6_HEADER + covered;
}

/** Writes a checksum in the order in which it was summed. */
function writeChecksum(u8: Uint8Array, at: number, total: number): void {
  const checksum = complement(fold(total));
  u8[at] = checksum;
  u8[at + 1] = checksum >>> 8;
}

/** Writes 16 bits, big endian. */
function writeUint16(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value >>> 8;
  u8[at + 1] = value;
}
