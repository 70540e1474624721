/**
 * ICMP echo requests and replies as raw IPv4 packets in hexadecimal: RFC 791 section 3.1, RFC 792.
 *
 * @module
 */

/** The one's complement sum of 16-bit words, complemented (RFC 1071). */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const octets = (address: string) => address.split(".").map(Number);

/**
 * An echo request.
 *
 * @param payload data octets, which the reply repeats
 */
export function echoRequest(source: string, destination: string, sequence: number, payload = 56): string {
  const packet = new Uint8Array(20 + 8 + payload);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45;
  view.setUint16(2, packet.length);
  packet[8] = 64;
  packet[9] = 1;
  packet.set(octets(source), 12);
  packet.set(octets(destination), 16);
  view.setUint16(10, checksum(packet.subarray(0, 20)));
  packet[20] = 8;
  view.setUint16(24, 0x4443);
  view.setUint16(26, sequence);
  for (let at = 28; at < packet.length; at++) packet[at] = at & 0xff;
  view.setUint16(22, checksum(packet.subarray(20)));
  return packet.toHex();
}

/** A pattern for the whole reply to a request; the responder chooses TTL, id and flags, and so the checksums. */
export function echoReplyPattern(request: string): RegExp {
  const source = request.slice(24, 32);
  const destination = request.slice(32, 40);
  const ip = `^45[0-9a-f]{2}${request.slice(4, 8)}[0-9a-f]{8}[0-9a-f]{2}01[0-9a-f]{4}${destination}${source}`;
  return new RegExp(`${ip}0000[0-9a-f]{4}${request.slice(48)}$`);
}
