import { maskPrefix, type Prefix } from "../net/prefix.ts";

/** Where the two addresses are in a header: IPv4 (RFC 791 section 3.1) and IPv6 (RFC 8200 section 3). */
const ADDRESSES = {
  4: { size: 4, source: 12, destination: 16 },
  6: { size: 16, source: 8, destination: 24 },
} as const;

/**
 * Makes a test of whether a packet comes from or goes to one of the networks.
 *
 * @param networks none: every packet passes
 * @returns takes the first bytes of a packet, its header among them
 */
export function packetFilter(networks: readonly Prefix[]): (packet: Uint8Array) => boolean {
  if (networks.length === 0) return () => true;
  const masked = networks.map(maskPrefix);
  return (packet) =>
    masked.some(({ address: { family, bytes }, length }) => {
      if ((packet[0] ?? 0) >>> 4 !== family) return false;
      const { size, source, destination } = ADDRESSES[family];
      if (packet.length < destination + size) return false;
      return [source, destination].some((at) => isInside(packet, at, bytes, length));
    });
}

function isInside(packet: Uint8Array, at: number, network: Uint8Array, length: number): boolean {
  for (let index = 0; index * 8 < length; index++) {
    const bits = Math.min(8, length - index * 8);
    const mask = 0xff00 >> bits & 0xff;
    if (((packet[at + index] ?? 0) & mask) !== network[index]) return false;
  }
  return true;
}
