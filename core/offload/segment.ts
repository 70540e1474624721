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
import { fold, type Sum, swap16 } from "../packet/checksum.ts";
import type { Arena } from "../memory/arena.ts";
import type { TxQueue } from "../packet/tx_queue.ts";
import { IPV6_HEADER, packetVersion, PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ip.ts";
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

/** Bytes of a TCP header without options (RFC 9293 section 3.1). */
const TCP_HEADER = 20;
/** Bytes of a UDP header (RFC 768). */
const UDP_HEADER = 8;
/** TCP flags, byte 13 of the header. */
const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;

/** Returned by {@linkcode appendFrame} for a frame whose headers contradict each other. */
export const MALFORMED: number = -1;
/** Returned by {@linkcode appendFrame} when the list has too little room left; nothing was appended. */
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
    if (
      needsChecksum && !completeChecksum(list.arena, sum, packet, length, transport, u16[(virtio + 8) >> 1])
    ) {
      return MALFORMED;
    }
    list.pushWhole(packet, length);
    return 1;
  }
  const size = u16[(virtio + 4) >> 1];
  if (!needsChecksum || size === 0 || (transport & 3) !== 0) return MALFORMED;
  if (type === (version === 4 ? VIRTIO_GSO_TCP4 : VIRTIO_GSO_TCP6)) {
    return appendTcp(list, sum, packet, length, transport, size);
  }
  if (type === VIRTIO_GSO_UDP) return appendUdp(list, sum, packet, length, transport, size);
  return MALFORMED;
}

/** Finishes a checksum that the kernel left to the device: the field holds the folded pseudo-header sum. */
function completeChecksum(
  arena: Arena,
  sum: Sum,
  packet: number,
  length: number,
  start: number,
  offset: number,
): boolean {
  const ipHeader = arena.u8[packet] >>> 4 === 4 ? (arena.u8[packet] & 15) << 2 : IPV6_HEADER;
  if (start < ipHeader || start + offset + 2 > length) return false;
  const checksum = ~fold(sum(packet + start, length - start)) & 0xffff;
  // A UDP checksum of 0 means "none" (RFC 768), so a computed 0 is sent as its other form.
  const stored = checksum === 0 && offset === UDP_CHECKSUM_OFFSET ? 0xffff : checksum;
  arena.u8[packet + start + offset] = stored & 0xff;
  arena.u8[packet + start + offset + 1] = stored >>> 8;
  return true;
}

/** Whether the IP header says that `protocol` begins at the transport offset, as far as its fixed part tells. */
function ipHeaderIsSound(
  u8: Uint8Array,
  packet: number,
  length: number,
  transport: number,
  protocol: number,
): boolean {
  if (transport >= length) return false;
  if (u8[packet] >>> 4 === 4) {
    return (u8[packet] & 15) << 2 === transport && u8[packet + 9] === protocol;
  }
  return transport === IPV6_HEADER ? u8[packet + 6] === protocol : transport > IPV6_HEADER;
}

/** Sum of an IPv4 header without total length, id and checksum; these are bytes 2-5 and 10-11. */
function ipv4BaseSum(u16: Uint16Array, sum: Sum, packet: number, transport: number): number {
  const word = packet >> 1;
  return fold(
    sum(packet, transport) + (~u16[word + 1] & 0xffff) + (~u16[word + 2] & 0xffff) +
      (~u16[word + 5] & 0xffff),
  );
}

/** Copies a header of `length` bytes, both ends at multiples of 4. */
function copyHeader(u32: Uint32Array, to: number, from: number, length: number): void {
  const target = to >> 2;
  const source = from >> 2;
  for (let i = (length >> 2) - 1; i >= 0; i--) u32[target + i] = u32[source + i];
}

/** Writes length, id and checksum of an IPv4 header, or the payload length of an IPv6 one. */
function writeIpLength(arena: Arena, header: number, total: number, id: number, base: number): void {
  const { u16 } = arena;
  const word = header >> 1;
  if (arena.u8[header] >>> 4 === 6) {
    u16[word + 2] = swap16(total - IPV6_HEADER);
    return;
  }
  const lengthWord = swap16(total);
  const idWord = swap16(id & 0xffff);
  u16[word + 1] = lengthWord;
  u16[word + 2] = idWord;
  u16[word + 5] = ~fold(base + lengthWord + idWord) & 0xffff;
}

function appendTcp(
  list: TxQueue,
  sum: Sum,
  packet: number,
  length: number,
  transport: number,
  size: number,
): number {
  const { arena } = list;
  const { u8, u16 } = arena;
  if (!ipHeaderIsSound(u8, packet, length, transport, PROTOCOL_TCP) || transport + TCP_HEADER > length) {
    return MALFORMED;
  }
  const tcp = packet + transport;
  const tcpLength = u8[tcp + 12] >>> 4 << 2;
  const headerLength = transport + tcpLength;
  if (tcpLength < TCP_HEADER || headerLength >= length) return MALFORMED;
  const payloadLength = length - headerLength;
  const segments = Math.ceil(payloadLength / size);
  if (!list.hasRoom(segments, headerLength)) {
    return list.canHold(segments, headerLength) ? QUEUE_FULL : MALFORMED;
  }

  const isIpv4 = u8[packet] >>> 4 === 4;
  const ipBase = isIpv4 ? ipv4BaseSum(u16, sum, packet, transport) : 0;
  const firstId = isIpv4 ? u8[packet + 4] << 8 | u8[packet + 5] : 0;
  const flags = u8[tcp + 13];
  const tcpWord = tcp >> 1;
  const sequence = (u8[tcp + 4] << 24 | u8[tcp + 5] << 16 | u8[tcp + 6] << 8 | u8[tcp + 7]) >>> 0;
  // The field holds the pseudo-header sum with the whole length; it stays in the sum, the length is taken out, and so
  // are sequence number and flags, which change from segment to segment.
  const tcpBase = fold(
    sum(tcp, tcpLength) + (~swap16(length - transport) & 0xffff) + (~u16[tcpWord + 2] & 0xffff) +
      (~u16[tcpWord + 3] & 0xffff) + (~u16[tcpWord + 6] & 0xffff),
  );
  const dataOffset = u8[tcp + 12];

  for (let index = 0, done = 0; index < segments; index++, done += size) {
    const last = index === segments - 1;
    const cut = last ? payloadLength - done : size;
    const payload = packet + headerLength + done;
    const header = list.nextHeader;
    copyHeader(arena.u32, header, packet, headerLength);
    writeIpLength(arena, header, headerLength + cut, firstId + index, ipBase);
    const segment = header + transport;
    const segmentWord = segment >> 1;
    const own = sequence + done;
    const high = swap16(own >>> 16 & 0xffff);
    const low = swap16(own & 0xffff);
    let kept = flags;
    if (!last) kept &= ~(FIN | PSH);
    if (index > 0) kept &= ~CWR;
    const flagWord = dataOffset | kept << 8;
    u16[segmentWord + 2] = high;
    u16[segmentWord + 3] = low;
    u16[segmentWord + 6] = flagWord;
    u16[segmentWord + (TCP_CHECKSUM_OFFSET >> 1)] =
      ~fold(tcpBase + swap16(tcpLength + cut) + high + low + flagWord + sum(payload, cut)) & 0xffff;
    list.pushSegment(headerLength, payload, cut);
  }
  return segments;
}

function appendUdp(
  list: TxQueue,
  sum: Sum,
  packet: number,
  length: number,
  transport: number,
  size: number,
): number {
  const { arena } = list;
  const { u8, u16 } = arena;
  const headerLength = transport + UDP_HEADER;
  if (!ipHeaderIsSound(u8, packet, length, transport, PROTOCOL_UDP) || headerLength >= length) {
    return MALFORMED;
  }
  const payloadLength = length - headerLength;
  const segments = Math.ceil(payloadLength / size);
  if (!list.hasRoom(segments, headerLength)) {
    return list.canHold(segments, headerLength) ? QUEUE_FULL : MALFORMED;
  }

  const udpWord = (packet + transport) >> 1;
  const isIpv4 = u8[packet] >>> 4 === 4;
  const ipBase = isIpv4 ? ipv4BaseSum(u16, sum, packet, transport) : 0;
  const firstId = isIpv4 ? u8[packet + 4] << 8 | u8[packet + 5] : 0;
  // Ports and the pseudo-header sum stay; the whole length is taken out of the latter.
  const base = u16[udpWord] + u16[udpWord + 1] + u16[udpWord + 3] + (~swap16(length - transport) & 0xffff);

  for (let index = 0, done = 0; index < segments; index++, done += size) {
    const cut = index === segments - 1 ? payloadLength - done : size;
    const payload = packet + headerLength + done;
    const header = list.nextHeader;
    copyHeader(arena.u32, header, packet, headerLength);
    writeIpLength(arena, header, headerLength + cut, firstId + index, ipBase);
    const word = (header + transport) >> 1;
    const lengthWord = swap16(UDP_HEADER + cut);
    const checksum = ~fold(base + lengthWord + lengthWord + sum(payload, cut)) & 0xffff;
    u16[word + 2] = lengthWord;
    u16[word + (UDP_CHECKSUM_OFFSET >> 1)] = checksum === 0 ? 0xffff : checksum;
    list.pushSegment(headerLength, payload, cut);
  }
  return segments;
}
