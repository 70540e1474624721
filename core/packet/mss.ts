/**
 * The maximum segment size that the two ends of a TCP connection tell each other in their SYNs (RFC 9293
 * section 3.7.1), changed on the way: for a path that carries longer packets than the interface behind it, or
 * shorter ones.
 *
 * @module
 */
import type { Arena } from "../memory/arena.ts";
import { complement, fold, swap16 } from "./checksum.ts";
import { IPV6_HEADER, PROTOCOL_TCP, TCP_HEADER } from "./ip.ts";

/** TCP's SYN flag, in octet 13 (RFC 9293 section 3.1). */
const SYN = 0x02;
/** TCP options: end of the list, no operation, maximum segment size and its length (RFC 9293 section 3.2). */
const END = 0;
const NO_OPERATION = 1;
const MSS = 2;
const MSS_LENGTH = 4;

/**
 * Raises the MSS of a SYN or SYN-ACK. All other packets stay as they are: fragments, IPv6 packets with
 * extension headers, SYNs without the option. Of options that end badly those before the fault count.
 *
 * @param packet byte offset of the IP header; the caller has checked version and total length
 * @param length bytes of the packet
 * @param from the least MSS that is raised, in bytes
 * @param to what it becomes, if that is more; up to 65,535
 * @param isPartial the checksum field holds the pseudo-header's sum only, of which the option is no part
 * @returns whether it was changed
 */
export function raiseMss(
  arena: Arena,
  packet: number,
  length: number,
  from: number,
  to: number,
  isPartial: boolean,
): boolean {
  return replaceMss(arena.u8, packet, length, from, to - 1, to, isPartial);
}

/**
 * Lowers the MSS of a SYN or SYN-ACK to `to` bytes, if it is more. The rest is as with {@linkcode raiseMss}.
 *
 * @returns whether it was changed
 */
export function lowerMss(
  arena: Arena,
  packet: number,
  length: number,
  to: number,
  isPartial: boolean,
): boolean {
  return replaceMss(arena.u8, packet, length, to + 1, 0xffff, to, isPartial);
}

/** Writes `to` for an MSS from `least` to `most`. */
function replaceMss(
  u8: Uint8Array,
  packet: number,
  length: number,
  least: number,
  most: number,
  to: number,
  isPartial: boolean,
): boolean {
  const transport = tcpOffset(u8, packet);
  if (transport === 0 || length < transport + TCP_HEADER) return false;
  const tcp = packet + transport;
  if ((u8[tcp + 13] & SYN) === 0) return false;
  const headerLength = u8[tcp + 12] >>> 4 << 2;
  if (transport + headerLength > length) return false;
  const end = tcp + headerLength;
  let isChanged = false;
  for (let option = tcp + TCP_HEADER; option < end;) {
    const kind = u8[option];
    if (kind === END) break;
    if (kind === NO_OPERATION) {
      option++;
      continue;
    }
    const size = option + 1 < end ? u8[option + 1] : 0;
    if (size < 2 || option + size > end) break;
    if (kind === MSS && size === MSS_LENGTH) {
      const at = option + 2;
      const mss = u8[at] << 8 | u8[at + 1];
      if (mss >= least && mss <= most) {
        u8[at] = to >>> 8;
        u8[at + 1] = to;
        // At an odd place its octets are parts of two words, which exchanges them in the sum (RFC 1071
        // section 2 (B)).
        const isOdd = ((at - tcp) & 1) !== 0;
        if (!isPartial) correctChecksum(u8, tcp + 16, isOdd ? swap16(mss) : mss, isOdd ? swap16(to) : to);
        isChanged = true;
      }
    }
    option += size;
  }
  return isChanged;
}

/**
 * Where the TCP header begins, counted from the packet; 0 for other protocols, fragments and packets with
 * extension headers.
 */
function tcpOffset(u8: Uint8Array, packet: number): number {
  if (u8[packet] >>> 4 === 6) return u8[packet + 6] === PROTOCOL_TCP ? IPV6_HEADER : 0;
  // MF and the fragment offset (RFC 791 section 3.1).
  const isFragment = ((u8[packet + 6] & 0x3f) | u8[packet + 7]) !== 0;
  return u8[packet + 9] === PROTOCOL_TCP && !isFragment ? (u8[packet] & 15) << 2 : 0;
}

/**
 * Corrects the checksum at `at` for a word that was `before` and is `after` (RFC 1624 section 3, equation 3).
 */
function correctChecksum(u8: Uint8Array, at: number, before: number, after: number): void {
  const checksum = u8[at] << 8 | u8[at + 1];
  const corrected = complement(fold(complement(checksum) + complement(before) + after));
  u8[at] = corrected >>> 8;
  u8[at + 1] = corrected;
}
