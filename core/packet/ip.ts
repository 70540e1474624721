/**
 * The headers of a packet: whether the bytes are one whole IPv4 (RFC 791) or IPv6 (RFC 8200) packet, and what an
 * IPv4 header says. Every read stays within the given length.
 *
 * @module
 */

/** Bytes of an IPv4 header without options (RFC 791 section 3.1). */
export const IPV4_HEADER = 20;
/** Bytes of the fixed IPv6 header (RFC 8200 section 3). */
export const IPV6_HEADER = 40;
/** Protocol number of TCP (IANA "Assigned Internet Protocol Numbers"). */
export const PROTOCOL_TCP = 6;
/** Protocol number of UDP (the same list). */
export const PROTOCOL_UDP = 17;
/** Bytes of a TCP header without options (RFC 9293 section 3.1). */
export const TCP_HEADER = 20;
/** Bytes of a UDP header (RFC 768). */
export const UDP_HEADER = 8;

/** IPv4 option types (RFC 791 section 3.1): end of the list, no operation, loose and strict source and record route. */
const END = 0;
const NO_OPERATION = 1;
const LOOSE_SOURCE_ROUTE = 131;
const STRICT_SOURCE_ROUTE = 137;

/** The version of the IP packet that `length` bytes at `offset` are, by a sound header of that length; 0 if none. */
export function packetVersion(bytes: Uint8Array, offset: number, length: number): 0 | 4 | 6 {
  if (length < IPV4_HEADER) return 0;
  const version = bytes[offset] >>> 4;
  if (version === 4) {
    const headerLength = (bytes[offset] & 15) << 2;
    const totalLength = bytes[offset + 2] << 8 | bytes[offset + 3];
    return headerLength >= IPV4_HEADER && headerLength <= length && totalLength === length ? 4 : 0;
  }
  if (version === 6) {
    const payloadLength = bytes[offset + 4] << 8 | bytes[offset + 5];
    return payloadLength + IPV6_HEADER === length ? 6 : 0;
  }
  return 0;
}

/** The destination of the IPv4 packet at `offset` as an unsigned 32-bit number; the caller has checked the packet. */
export function ipv4Destination(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 16] << 24 | bytes[offset + 17] << 16 | bytes[offset + 18] << 8 |
    bytes[offset + 19]) >>> 0;
}

/** The source of the IPv4 packet at `offset` as an unsigned 32-bit number; the caller has checked the packet. */
export function ipv4Source(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 12] << 24 | bytes[offset + 13] << 16 | bytes[offset + 14] << 8 |
    bytes[offset + 15]) >>> 0;
}

/**
 * Whether the IPv4 packet at `at` has a source route; the caller has checked the packet. It names hosts on the way, so
 * the packet goes elsewhere than its destination says, past any filter of destinations. Options that end badly count
 * as one.
 */
export function hasSourceRoute(bytes: Uint8Array, at: number): boolean {
  const length = (bytes[at] & 15) << 2;
  if (length === IPV4_HEADER) return false;
  const end = at + length;
  for (let option = at + IPV4_HEADER; option < end;) {
    const type = bytes[option];
    if (type === END) return false;
    if (type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE) return true;
    if (type === NO_OPERATION) option++;
    else {
      const size = option + 1 < end ? bytes[option + 1] : 0;
      if (size < 2 || option + size > end) return true;
      option += size;
    }
  }
  return false;
}
