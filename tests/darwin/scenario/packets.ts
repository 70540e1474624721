/**
 * UDP packets over IPv4 and IPv6 with complete checksums, which a utun demands of its writers.
 *
 * @module
 */
import { parseAddress } from "../../../core/net/address.ts";

/** From whom to whom: address and port. */
export interface Flow {
  readonly from: readonly [address: string, port: number];
  readonly to: readonly [address: string, port: number];
}

function bytesOf(address: string): Uint8Array {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`no address: ${address}`);
  return parsed.bytes;
}

/** RFC 1071 over octets, padded to an even number. */
function checksum(octets: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) sum += (octets[at] ?? 0) << 8 | (octets[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const u16 = (value: number) => [value >> 8, value & 0xff];

/** The packet that carries a payload (RFC 768, RFC 791, RFC 8200). */
export function udpPacket({ from, to }: Flow, payload: Uint8Array): Uint8Array {
  const [source, target] = [bytesOf(from[0]), bytesOf(to[0])];
  const length = 8 + payload.length;
  const pseudo = [...source, ...target, 0, 17, ...u16(length)];
  const ports = [...u16(from[1]), ...u16(to[1]), ...u16(length)];
  const sum = checksum([...pseudo, ...ports, 0, 0, ...payload]);
  const udp = [...ports, ...u16(sum), ...payload];
  if (source.length === 16) {
    return Uint8Array.from([0x60, 0, 0, 0, ...u16(length), 17, 64, ...source, ...target, ...udp]);
  }
  const head = [0x45, 0, ...u16(20 + length), 0, 0, 0, 0, 64, 17];
  const header = [...head, ...u16(checksum([...head, 0, 0, ...source, ...target])), ...source, ...target];
  return Uint8Array.from([...header, ...udp]);
}
