/**
 * Reading and writing IP packets by hand, for a client that has no kernel behind it.
 *
 * @module
 */

/** An IP packet's parts. */
export interface IpPacket {
  readonly version: 4 | 6;
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  /** ICMP 1, TCP 6, ICMPv6 58 (IANA, Assigned Internet Protocol Numbers). */
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** RFC 1071, over pieces of which each but the last has an even number of octets. */
export function checksum(...pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += 2) sum += (piece[at] ?? 0) << 8 | (piece[at + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}

/** Reads a packet without IPv4 options or IPv6 extensions; undefined for any other. */
export function readPacket(bytes: Uint8Array): IpPacket | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] === 0x45 && bytes.length >= 20 && view.getUint16(2) === bytes.length) {
    const [source, target] = [bytes.subarray(12, 16), bytes.subarray(16, 20)];
    // A fragment is no whole packet.
    if ((view.getUint16(6) & 0x3fff) !== 0) return undefined;
    return { version: 4, source, target, protocol: bytes[9] ?? 0, payload: bytes.subarray(20) };
  }
  if ((bytes[0] ?? 0) >> 4 !== 6 || bytes.length < 40 || view.getUint16(4) !== bytes.length - 40) {
    return undefined;
  }
  const [source, target] = [bytes.subarray(8, 24), bytes.subarray(24, 40)];
  return { version: 6, source, target, protocol: bytes[6] ?? 0, payload: bytes.subarray(40) };
}

/** Writes a packet (RFC 791, RFC 8200). */
export function writePacket(
  { version, source, target, protocol, payload }: IpPacket,
): Uint8Array<ArrayBuffer> {
  const header = version === 4 ? 20 : 40;
  const bytes = new Uint8Array(header + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(payload, header);
  if (version === 6) {
    bytes.set([0x60, 0, 0, 0, 0, 0, protocol, 64]);
    view.setUint16(4, payload.length);
    bytes.set(source, 8);
    bytes.set(target, 24);
    return bytes;
  }
  bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol]);
  view.setUint16(2, bytes.length);
  bytes.set(source, 12);
  bytes.set(target, 16);
  view.setUint16(10, checksum(bytes.subarray(0, 20)));
  return bytes;
}

/** What TCP and ICMPv6 put before themselves in their checksums (RFC 9293 section 3.1, RFC 8200 section 8.1). */
export function pseudoHeader({ version, source, target, protocol, payload }: IpPacket): Uint8Array {
  const length = payload.length;
  const tail = version === 4
    ? [0, protocol, length >> 8, length & 0xff]
    : [0, 0, length >> 8, length & 0xff, 0, 0, 0, protocol];
  return Uint8Array.from([...source, ...target, ...tail]);
}
