/**
 * Cuts the large packets that a TUN device with offload hands out into the packets that belong on the wire.
 *
 * A TCP flow arrives as one header and up to 64 KiB of payload with the segment size beside it (virtio.ts). For each
 * segment the header is written once more with its own length, IP id, sequence number, flags and checksums; the payload
 * is not copied, the datagram list points into the packet that was read. The same for UDP with its datagram size.
 *
 * What the kernel's own segmentation does (tcp_gso_segment, inet_gso_segment) is the measure: ids count up, FIN and PSH
 * stay with the last segment, CWR with the first.
 *
 * @module
 */
import { complement, fold, type Sum, swap16 } from "../packet/checksum.ts";
import type { TxQueue } from "../packet/tx_queue.ts";
import { LARGE_HEADER } from "../protocol/stream_frame.ts";
import { describeLargePacket } from "./large_packet.ts";
import {
  IPV6_HEADER,
  packetVersion,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER,
  UDP_HEADER,
} from "../packet/ip.ts";
import {
  TCP_CHECKSUM_OFFSET,
  UDP_CHECKSUM_OFFSET,
  VIRTIO_GSO_ECN,
  VIRTIO_GSO_NONE,
  VIRTIO_GSO_TCP4,
  VIRTIO_GSO_TCP6,
  VIRTIO_GSO_UDP,
  VIRTIO_NEEDS_CHECKSUM,
} from "./virtio.ts";

/** TCP flags (FIN and PSH, CWR) in the word of bytes 12 and 13 of the header, read in little-endian order. */
const FIN_PSH = 0x0900;
const CWR = 0x8000;

/** Returned by {@linkcode appendFrame} for a frame whose headers contradict each other. */
export const MALFORMED: number = -1;
/** Returned when the list has too little room left; nothing was appended. */
export const QUEUE_FULL: number = -2;

/**
 * Appends what one read of the device brought, as whole IP packets.
 *
 * @param virtio byte offset of the virtio header, even
 * @param packet byte offset of the IP header, a multiple of 4
 * @param length bytes of the packet
 * @returns how many datagrams were appended, or {@linkcode MALFORMED} or {@linkcode QUEUE_FULL}
 */
export function appendFrame(
  list: TxQueue,
  sum: Sum,
  virtio: number,
  packet: number,
  length: number,
): number {
  const { u8, u16 } = list.arena;
  const version = packetVersion(u8, packet, length);
  if (version === 0) return MALFORMED;
  const type = u8[virtio + 1] & ~VIRTIO_GSO_ECN;
  const needsChecksum = (u8[virtio] & VIRTIO_NEEDS_CHECKSUM) !== 0;
  const transport = u16[(virtio + 6) >> 1];
  if (type === VIRTIO_GSO_NONE) {
    if (list.free === 0) return QUEUE_FULL;
    const offset = u16[(virtio + 8) >> 1];
    if (needsChecksum && !completeChecksum(u8, sum, packet, length, transport, offset)) return MALFORMED;
    list.pushWhole(packet, length);
    return 1;
  }
  const size = u16[(virtio + 4) >> 1];
  if (!needsChecksum || size === 0) return MALFORMED;
  const isTcp = type === (version === 4 ? VIRTIO_GSO_TCP4 : VIRTIO_GSO_TCP6);
  if (!isTcp && type !== VIRTIO_GSO_UDP) return MALFORMED;
  return appendLargeSegments(list, sum, packet, length, transport, size, isTcp);
}

/**
 * Appends what one read of the device brought, a large packet in one piece: then `list.large` is 1 for it, and in
 * the place of its virtio header, right before it, are the 8 octets that describe it (core/protocol/stream_frame.ts).
 * Everything else, and what is not large as the engine path wants it, is appended as {@linkcode appendFrame} does it.
 *
 * @param virtio byte offset of the virtio header, even; the packet follows
 * @param packet byte offset of the IP header, a multiple of 4
 * @param length bytes of the packet
 * @returns how many datagrams were appended, or {@linkcode MALFORMED} or {@linkcode QUEUE_FULL}
 */
export function appendWhole(
  list: TxQueue,
  sum: Sum,
  virtio: number,
  packet: number,
  length: number,
): number {
  if (list.free === 0) return QUEUE_FULL;
  if (!describeLargePacket(list.arena.u8, packet - LARGE_HEADER, virtio, packet, length)) {
    return appendFrame(list, sum, virtio, packet, length);
  }
  list.pushLarge(packet, length);
  return 1;
}

/**
 * The payload bytes of each segment when a large packet is cut for an interface that takes packets of up to
 * `limit` bytes: the greatest multiple of its segment size that fits with the headers. Datagrams of UDP keep
 * their size, since an application sees it.
 *
 * @returns 0 if not even one segment fits
 */
export function segmentSizeWithin(limit: number, headerLength: number, size: number, isTcp: boolean): number {
  const room = limit - headerLength;
  if (room < size) return 0;
  return isTcp ? room - room % size : size;
}

/** Finishes a checksum that the kernel left to the device: the field holds the folded pseudo-header sum. */
function completeChecksum(
  u8: Uint8Array,
  sum: Sum,
  packet: number,
  length: number,
  start: number,
  offset: number,
): boolean {
  const ipHeader = u8[packet] >>> 4 === 4 ? (u8[packet] & 15) << 2 : IPV6_HEADER;
  if (start < ipHeader || start + offset + 2 > length) return false;
  const checksum = complement(fold(sum(packet + start, length - start)));
  // A UDP checksum of 0 means "none" (RFC 768), so a computed 0 is sent as its other form.
  const stored = checksum === 0 && offset === UDP_CHECKSUM_OFFSET ? 0xffff : checksum;
  u8[packet + start + offset] = stored & 0xff;
  u8[packet + start + offset + 1] = stored >>> 8;
  return true;
}

/** Whether the IP header says that `protocol` begins at the transport offset, as far as its fixed part tells. */
function ipHeaderIsSound(u8: Uint8Array, packet: number, transport: number, protocol: number): boolean {
  if (u8[packet] >>> 4 === 4) return (u8[packet] & 15) << 2 === transport && u8[packet + 9] === protocol;
  return transport === IPV6_HEADER ? u8[packet + 6] === protocol : transport > IPV6_HEADER;
}

/**
 * Cuts a large packet into segments of `size` payload bytes, and appends them. The caller has checked version
 * and total length. The packet may begin at any byte, and its checksum field holds the pseudo-header's sum;
 * it is not changed.
 *
 * @param transport byte offset of the TCP or UDP header from the packet
 * @param size payload bytes of each segment but the last
 * @returns how many datagrams were appended, or {@linkcode MALFORMED} or {@linkcode QUEUE_FULL}
 */
export function appendLargeSegments(
  list: TxQueue,
  sum: Sum,
  packet: number,
  length: number,
  transport: number,
  size: number,
  isTcp: boolean,
): number {
  const { arena } = list;
  const { u8, u16 } = arena;
  const protocol = isTcp ? PROTOCOL_TCP : PROTOCOL_UDP;
  const least = isTcp ? TCP_HEADER : UDP_HEADER;
  if ((transport & 3) !== 0) return MALFORMED;
  if (transport + least >= length || !ipHeaderIsSound(u8, packet, transport, protocol)) return MALFORMED;
  const at = packet + transport;
  const transportLength = isTcp ? u8[at + 12] >>> 4 << 2 : UDP_HEADER;
  const headerLength = transport + transportLength;
  if (transportLength < least || headerLength >= length) return MALFORMED;
  const payloadLength = length - headerLength;
  const segments = Math.ceil(payloadLength / size);
  if (!list.hasRoom(segments, headerLength)) {
    return list.canHold(segments, headerLength) ? QUEUE_FULL : MALFORMED;
  }

  // Words are read and copied below, which takes headers at a multiple of 4. The first segment's room can
  // hold the copy: what is written there later is what every segment has of its own.
  const isAligned = (packet & 3) === 0;
  const headers = isAligned ? packet : list.nextHeader;
  if (!isAligned) u8.copyWithin(headers, packet, packet + headerLength);

  // Of each header's sum the part that stays from segment to segment: what changes is taken out. The checksum field of
  // the transport header holds the pseudo-header's sum with the whole length; the length is taken out of it.
  const isIpv4 = u8[packet] >>> 4 === 4;
  const ipBase = isIpv4 ? ipv4BaseSum(u16, sum, headers, transport) : 0;
  const firstId = isIpv4 ? u8[packet + 4] << 8 | u8[packet + 5] : 0;
  const word = (headers + transport) >> 1;
  let base = sum(at, transportLength) + complement(swap16(length - transport)) + complement(u16[word + 2]);
  if (isTcp) base += complement(u16[word + 3]) + complement(u16[word + 6]);
  base = fold(base);
  const sequence = isTcp ? u8[at + 4] << 24 | u8[at + 5] << 16 | u8[at + 6] << 8 | u8[at + 7] : 0;
  const flags = isTcp ? u16[word + 6] : 0;

  for (let index = 0, done = 0; index < segments; index++, done += size) {
    const isLast = index === segments - 1;
    const cut = isLast ? payloadLength - done : size;
    const payload = packet + headerLength + done;
    const header = list.nextHeader;
    copyHeader(arena.u32, header, headers, headerLength);
    if (isIpv4) writeIpv4Length(u16, header, headerLength + cut, firstId + index, ipBase);
    else u16[(header >> 1) + 2] = swap16(headerLength + cut - IPV6_HEADER);
    const total = base + swap16(transportLength + cut) + sum(payload, cut);
    if (isTcp) {
      const kept = flags & (isLast ? 0xffff : ~FIN_PSH) & (index === 0 ? 0xffff : ~CWR);
      writeTcp(u16, header + transport, sequence + done | 0, kept, total);
    } else writeUdp(u16, header + transport, UDP_HEADER + cut, total);
    list.pushSegment(headerLength, payload, cut);
  }
  return segments;
}

/** Sum of an IPv4 header without total length, id and checksum; these are bytes 2-5 and 10-11. */
function ipv4BaseSum(u16: Uint16Array, sum: Sum, packet: number, transport: number): number {
  const word = packet >> 1;
  return fold(
    sum(packet, transport) + complement(u16[word + 1]) + complement(u16[word + 2]) +
      complement(u16[word + 5]),
  );
}

/** Copies a header of `length` bytes, both ends at multiples of 4. */
function copyHeader(u32: Uint32Array, to: number, from: number, length: number): void {
  const target = to >> 2;
  const source = from >> 2;
  for (let i = (length >> 2) - 1; i >= 0; i--) u32[target + i] = u32[source + i];
}

/** Writes length, id and checksum of an IPv4 header; `base` is the sum of all the rest. */
function writeIpv4Length(u16: Uint16Array, header: number, total: number, id: number, base: number): void {
  const word = header >> 1;
  const lengthWord = swap16(total);
  const idWord = swap16(id & 0xffff);
  u16[word + 1] = lengthWord;
  u16[word + 2] = idWord;
  u16[word + 5] = complement(fold(base + lengthWord + idWord));
}

/** Writes what differs in a segment's TCP header, a copy of the first one's; `sum` is that of all the rest. */
function writeTcp(u16: Uint16Array, header: number, sequence: number, flags: number, sum: number): void {
  const word = header >> 1;
  const high = swap16(sequence >>> 16);
  const low = swap16(sequence & 0xffff);
  u16[word + 2] = high;
  u16[word + 3] = low;
  u16[word + 6] = flags;
  u16[word + (TCP_CHECKSUM_OFFSET >> 1)] = complement(fold(sum + high + low + flags));
}

/** The same for UDP, of which the length differs. */
function writeUdp(u16: Uint16Array, header: number, length: number, sum: number): void {
  const word = header >> 1;
  const lengthWord = swap16(length);
  const checksum = complement(fold(sum + lengthWord));
  u16[word + 2] = lengthWord;
  u16[word + (UDP_CHECKSUM_OFFSET >> 1)] = checksum === 0 ? 0xffff : checksum;
}
