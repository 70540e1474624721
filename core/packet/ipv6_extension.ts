/**
 * The extension headers between an IPv6 header and the header of TCP, UDP or ICMPv6 (RFC 8200 section 4).
 * Every read stays within the given length.
 *
 * @module
 */
import { IPV6_HEADER } from "./ip.ts";

/**
 * Next-header values (IANA "IPv6 Extension Header Types"): hop-by-hop options, routing, fragment, destination
 * options.
 */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;
/** Bytes of the shortest extension header, and the unit in which they are counted (RFC 8200 section 4.3). */
const UNIT = 8;

/** Returned by {@linkcode upperLayer} where no upper-layer header can be found. */
export const NO_UPPER_LAYER: number = -1;

/**
 * Finds the header behind the extension headers of the IPv6 packet of `length` bytes at `packet`; the caller
 * has checked the packet. Any header that is none of the four above counts as the upper layer's.
 *
 * @param mayBeFragment whether a first fragment has one; a later fragment has none in any case
 * @returns its offset from the packet * 256 + its next-header value, or {@linkcode NO_UPPER_LAYER}
 */
export function upperLayer(u8: Uint8Array, packet: number, length: number, mayBeFragment: boolean): number {
  let next = u8[packet + 6];
  let offset = IPV6_HEADER;
  while (next === HOP_BY_HOP || next === ROUTING || next === FRAGMENT || next === DESTINATION_OPTIONS) {
    if (offset + UNIT > length) return NO_UPPER_LAYER;
    const header = packet + offset;
    if (next === FRAGMENT) {
      // Thirteen bits of offset, then two reserved ones and M (RFC 8200 section 4.5).
      if (!mayBeFragment || u8[header + 2] !== 0 || (u8[header + 3] & 0xf8) !== 0) return NO_UPPER_LAYER;
      offset += UNIT;
    } else offset += (u8[header + 1] + 1) * UNIT;
    next = u8[header];
  }
  return offset <= length ? offset << 8 | next : NO_UPPER_LAYER;
}
