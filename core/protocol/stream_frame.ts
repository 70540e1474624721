/**
 * The frames of the engine path, where packets and messages go one behind the other through a stream of
 * octets (docs/internals/protocol.md). A frame is its kind (1 octet), the length of its payload (3 octets,
 * big endian) and the payload.
 *
 * | kind | payload |
 * |---|---|
 * | 00, 01, 02, 03 | the datagram that begins with this octet, whole |
 * | 04, 06 | one IP packet of this version, whole |
 * | 05 | a large TCP or UDP packet: 8 octets that say how it is cut, then the packet |
 * | 07 | credit: 4 octets |
 *
 * A large packet's 8 octets, numbers big endian:
 *
 * | offset | octets | |
 * |---|---|---|
 * | 0 | 1 | 1: TCP over IPv4, 4: TCP over IPv6, 5: UDP; + 0x80: TCP whose first segment carries CWR |
 * | 1 | 1 | 0 |
 * | 2 | 2 | octets of the IP and the transport header |
 * | 4 | 2 | payload octets of each segment |
 * | 6 | 2 | where the transport header begins, counted from the packet |
 *
 * Its TCP or UDP checksum field holds the folded sum of the pseudo-header, with the length of the whole
 * packet.
 *
 * Functions read and write at any alignment. Numbers of four octets are signed 32-bit ones here, since V8
 * keeps larger ones as objects on the heap.
 *
 * @module
 */
import { IPV4_HEADER, packetVersion, UDP_HEADER } from "../packet/ip.ts";
import { DESCRIPTION, HEARTBEAT } from "./datagram.ts";

/** Kind of a frame that holds one IPv4 packet. */
export const FRAME_IPV4 = 0x04;
/** Kind of a frame that holds a large packet. */
export const FRAME_LARGE = 0x05;
/** Kind of a frame that holds one IPv6 packet. */
export const FRAME_IPV6 = 0x06;
/** Kind of a frame that holds credit. */
export const FRAME_CREDIT = 0x07;

/** Bytes before the payload: kind (1), length (3). */
export const FRAME_HEADER = 4;
/** Bytes before the packet in the payload of a large packet. */
export const LARGE_HEADER = 8;
/** Bytes of the payload of a credit. */
export const CREDIT_LENGTH = 4;
/**
 * Bytes of the longest payload: a large packet of 65,535 bytes, the most of IPv4's total length (RFC 791).
 */
export const MAX_FRAME_PAYLOAD: number = 0xffff + LARGE_HEADER;

/** Whether frames of this kind hold packets: these are paid for by credit, with their headers. */
export function isPacketFrame(kind: number): boolean {
  return kind >= FRAME_IPV4 && kind <= FRAME_IPV6;
}

/** Writes the header of a frame, {@linkcode FRAME_HEADER} bytes, for a payload of `length` bytes. */
export function writeFrameHeader(u8: Uint8Array, at: number, kind: number, length: number): void {
  u8[at] = kind;
  u8[at + 1] = length >>> 16;
  u8[at + 2] = length >>> 8;
  u8[at + 3] = length;
}

/** The kind in a frame's header. */
export function frameKind(u8: Uint8Array, at: number): number {
  return u8[at];
}

/**
 * The length of the payload in a frame's header; -1 if it is above {@linkcode MAX_FRAME_PAYLOAD}. Then the
 * two ends do not mean the same by the octets of the stream, and it has to be closed.
 */
export function framePayloadLength(u8: Uint8Array, at: number): number {
  const length = u8[at + 1] << 16 | u8[at + 2] << 8 | u8[at + 3];
  return length > MAX_FRAME_PAYLOAD ? -1 : length;
}

/**
 * Whether a payload of `length` bytes is one of this kind: a datagram that begins with the kind, one whole
 * packet of this version, something as long as a large packet (core/offload/large_packet.ts reads more of
 * it), or a credit.
 */
export function isSoundFrame(u8: Uint8Array, payload: number, kind: number, length: number): boolean {
  if (kind === FRAME_IPV4 || kind === FRAME_IPV6) return packetVersion(u8, payload, length) === kind;
  if (kind === FRAME_LARGE) return length > LARGE_HEADER + IPV4_HEADER + UDP_HEADER;
  if (kind === FRAME_CREDIT) return length === CREDIT_LENGTH;
  return kind >= HEARTBEAT && kind <= DESCRIPTION && length > 0 && u8[payload] === kind;
}

/**
 * Writes a large packet's 8 octets.
 *
 * @param type one of VIRTIO_GSO_TCP4, VIRTIO_GSO_TCP6 and VIRTIO_GSO_UDP, + VIRTIO_GSO_ECN (core/offload/virtio.ts)
 * @param headerLength bytes of the IP and the transport header
 * @param size payload bytes of each segment
 * @param transport where the transport header begins, counted from the packet
 */
export function writeLargeHeader(
  u8: Uint8Array,
  at: number,
  type: number,
  headerLength: number,
  size: number,
  transport: number,
): void {
  u8[at] = type;
  u8[at + 1] = 0;
  u8[at + 2] = headerLength >>> 8;
  u8[at + 3] = headerLength;
  u8[at + 4] = size >>> 8;
  u8[at + 5] = size;
  u8[at + 6] = transport >>> 8;
  u8[at + 7] = transport;
}

/** The type in a large packet's 8 octets, the ECN bit included. */
export function largeType(u8: Uint8Array, at: number): number {
  return u8[at];
}

/** The bytes of IP and transport header in a large packet's 8 octets. */
export function largeHeaderLength(u8: Uint8Array, at: number): number {
  return u8[at + 2] << 8 | u8[at + 3];
}

/** The payload bytes of each segment in a large packet's 8 octets. */
export function largeSegmentSize(u8: Uint8Array, at: number): number {
  return u8[at + 4] << 8 | u8[at + 5];
}

/** The place of the transport header in a large packet's 8 octets, counted from the packet. */
export function largeTransport(u8: Uint8Array, at: number): number {
  return u8[at + 6] << 8 | u8[at + 7];
}

/**
 * Writes a credit, header and payload: {@linkcode FRAME_HEADER} + {@linkcode CREDIT_LENGTH} bytes.
 *
 * @param limit how many bytes of packet frames may have been sent since the stream began, modulo 2^32
 */
export function writeCreditFrame(u8: Uint8Array, at: number, limit: number): void {
  writeFrameHeader(u8, at, FRAME_CREDIT, CREDIT_LENGTH);
  u8[at + 4] = limit >>> 24;
  u8[at + 5] = limit >>> 16;
  u8[at + 6] = limit >>> 8;
  u8[at + 7] = limit;
}

/** The limit in the payload of a credit, as a signed 32-bit number. */
export function readCredit(u8: Uint8Array, payload: number): number {
  return u8[payload] << 24 | u8[payload + 1] << 16 | u8[payload + 2] << 8 | u8[payload + 3];
}

/**
 * How many bytes may still be sent, by a limit and by what was sent so far, both modulo 2^32 and signed or
 * not; below 0 if more was sent than the limit allows. The two may be up to 2^31 - 1 apart.
 */
export function creditAhead(limit: number, sent: number): number {
  return (limit - sent) | 0;
}
