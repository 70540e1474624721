/**
 * Large packets between two machines: what a virtio header says of one (virtio.ts), in the 8 octets that
 * stand before it in a frame of the engine path (core/protocol/stream_frame.ts). What came from the other end
 * is checked against the packet before the kernel or segment.ts gets it.
 *
 * @module
 */
import { packetVersion, PROTOCOL_TCP, PROTOCOL_UDP, TCP_HEADER, UDP_HEADER } from "../packet/ip.ts";
import { upperLayer } from "../packet/ipv6_extension.ts";
import {
  LARGE_HEADER,
  largeHeaderLength,
  largeSegmentSize,
  largeTransport,
  largeType,
  writeLargeHeader,
} from "../protocol/stream_frame.ts";
import {
  TCP_CHECKSUM_OFFSET,
  UDP_CHECKSUM_OFFSET,
  VIRTIO_GSO_ECN,
  VIRTIO_GSO_TCP4,
  VIRTIO_GSO_TCP6,
  VIRTIO_GSO_UDP,
  VIRTIO_NEEDS_CHECKSUM,
} from "./virtio.ts";

/**
 * Bytes of the largest packet (RFC 791: 16-bit total length); the kernel makes none of IPv6 that are longer.
 */
const MAX_PACKET = 0xffff;

/** Whether a type, the ECN bit included, is one of TCP. */
export function isLargeTcp(type: number): boolean {
  return type !== VIRTIO_GSO_UDP;
}

/**
 * Whether the payload of a frame of kind 05 is a large packet: its 8 octets agree with the packet behind
 * them, which is no fragment and has at least one segment.
 *
 * @param large byte offset of the 8 octets
 * @param length bytes of all, the 8 octets included
 */
export function isLargePacket(u8: Uint8Array, large: number, length: number): boolean {
  if (length <= LARGE_HEADER || u8[large + 1] !== 0) return false;
  const packet = large + LARGE_HEADER;
  const type = largeType(u8, large);
  const headerLength = headersOf(u8, packet, length - LARGE_HEADER, type, largeTransport(u8, large));
  const size = largeSegmentSize(u8, large);
  return headerLength !== 0 && headerLength === largeHeaderLength(u8, large) && size > 0 &&
    length - LARGE_HEADER - headerLength >= size;
}

/**
 * Writes the 8 octets of what was read from a device with offload.
 *
 * @param large byte offset where they are written; they may lie over the virtio header
 * @param virtio byte offset of the virtio header
 * @param packet byte offset of the IP header
 * @param length bytes of the packet
 * @returns false, with nothing written, unless this is a large packet as {@linkcode isLargePacket} wants it
 */
export function describeLargePacket(
  u8: Uint8Array,
  large: number,
  virtio: number,
  packet: number,
  length: number,
): boolean {
  const headerLength = virtioHeadersOf(u8, virtio, packet, length);
  if (headerLength === 0) return false;
  const size = hostUint16(u8, virtio + 4);
  const transport = hostUint16(u8, virtio + 6);
  writeLargeHeader(u8, large, u8[virtio + 1], headerLength, size, transport);
  return true;
}

/**
 * Writes the virtio header, 10 bytes, of a large packet that was found sound.
 *
 * @param virtio byte offset where it is written; it may lie over the 8 octets
 * @param large byte offset of the 8 octets
 */
export function writeVirtioHeader(u8: Uint8Array, virtio: number, large: number): void {
  const type = largeType(u8, large);
  const headerLength = largeHeaderLength(u8, large);
  const size = largeSegmentSize(u8, large);
  const transport = largeTransport(u8, large);
  u8[virtio] = VIRTIO_NEEDS_CHECKSUM;
  u8[virtio + 1] = type;
  writeHostUint16(u8, virtio + 2, headerLength);
  writeHostUint16(u8, virtio + 4, size);
  writeHostUint16(u8, virtio + 6, transport);
  writeHostUint16(u8, virtio + 8, checksumOffset(type));
}

/** Bytes of IP and transport header of what was read from a device, if it is a large packet; else 0. */
function virtioHeadersOf(u8: Uint8Array, virtio: number, packet: number, length: number): number {
  const type = u8[virtio + 1];
  const size = hostUint16(u8, virtio + 4);
  // hdr_len is not read: Linux puts the length of its linear buffer there (drivers/net/tun.c, tun_put_user).
  const headerLength = headersOf(u8, packet, length, type, hostUint16(u8, virtio + 6));
  const isSound = (u8[virtio] & VIRTIO_NEEDS_CHECKSUM) !== 0 && size > 0 && length - headerLength >= size &&
    hostUint16(u8, virtio + 8) === checksumOffset(type);
  return isSound ? headerLength : 0;
}

/**
 * Bytes of IP and transport header of a packet that may be large, of this type and with this transport
 * offset; 0 if it is not.
 */
function headersOf(u8: Uint8Array, packet: number, length: number, type: number, transport: number): number {
  const version = packetVersion(u8, packet, length);
  if (version === 0 || length > MAX_PACKET) return 0;
  const isTcp = (type & ~VIRTIO_GSO_ECN) === (version === 4 ? VIRTIO_GSO_TCP4 : VIRTIO_GSO_TCP6);
  if (!isTcp && type !== VIRTIO_GSO_UDP) return 0;
  const protocol = isTcp ? PROTOCOL_TCP : PROTOCOL_UDP;
  if (!beginsAt(u8, packet, length, version, transport, protocol)) return 0;
  const at = packet + transport;
  if (!isTcp) {
    const covered = length - transport;
    return covered > UDP_HEADER && (u8[at + 4] << 8 | u8[at + 5]) === covered ? transport + UDP_HEADER : 0;
  }
  if (length < transport + TCP_HEADER) return 0;
  const tcpLength = u8[at + 12] >>> 4 << 2;
  return tcpLength >= TCP_HEADER && transport + tcpLength < length ? transport + tcpLength : 0;
}

/** Whether the header of `protocol` begins at the transport offset, in a packet that is no fragment. */
function beginsAt(
  u8: Uint8Array,
  packet: number,
  length: number,
  version: number,
  transport: number,
  protocol: number,
): boolean {
  if (version === 6) return upperLayer(u8, packet, length, false) === (transport << 8 | protocol);
  // MF and the fragment offset (RFC 791 section 3.1).
  const isFragment = ((u8[packet + 6] & 0x3f) | u8[packet + 7]) !== 0;
  return !isFragment && (u8[packet] & 15) << 2 === transport && u8[packet + 9] === protocol;
}

function checksumOffset(type: number): number {
  return isLargeTcp(type) ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
}

/**
 * Reads 16 bits in the order of the host, which is little-endian (core/memory/arena.ts), at any alignment.
 */
function hostUint16(u8: Uint8Array, at: number): number {
  return u8[at] | u8[at + 1] << 8;
}

function writeHostUint16(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value;
  u8[at + 1] = value >>> 8;
}
