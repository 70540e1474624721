/**
 * First checks of a packet: whether the bytes are one whole IPv4 (RFC 791) or IPv6 (RFC 8200) packet. Every
 * read stays within the given length.
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

/**
 * Checks whether `length` bytes at `offset` are exactly one IP packet: a sound header whose total length is
 * `length`.
 *
 * @returns 4 or 6 for a packet of that version, 0 for anything else
 */
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
