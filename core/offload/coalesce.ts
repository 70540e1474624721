/**
 * Puts consecutive packets of one flow back together, so that a TUN device with offload takes up to 64 KiB in one write.
 *
 * One packet is held open at a time. A packet that continues it is appended by reference: an iovec that names its payload
 * where it was received. Anything else closes what is open first, so the order of packets never changes. Before its
 * checksum field is given up for the pseudo-header sum, every packet's checksums are verified here: what is broken is
 * passed on as it came, for the receiving host to reject.
 *
 * Two TCP packets (RFC 9293) join when addresses, ports, TOS, TTL, DF, acknowledgement, window and options are equal,
 * the sequence number follows, only ACK and PSH are set, the earlier has no PSH, and the IP ids count up (or DF makes
 * them meaningless, RFC 6864). Two UDP datagrams join when addresses, ports, TOS, TTL and DF are equal and all but the
 * last are equally long. Fragments and packets with IP options or extension headers never join.
 *
 * @module
 */
import { fold, type Sum, swap16 } from "../packet/checksum.ts";
import { type Arena, IOVEC_SIZE } from "../memory/arena.ts";
import { IPV4_HEADER, IPV6_HEADER, PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ip.ts";
import {
  TCP_CHECKSUM_OFFSET,
  UDP_CHECKSUM_OFFSET,
  VIRTIO_GSO_TCP4,
  VIRTIO_GSO_TCP6,
  VIRTIO_GSO_UDP,
  VIRTIO_HEADER,
  VIRTIO_NEEDS_CHECKSUM,
} from "./virtio.ts";

/** Largest IP packet, in bytes (RFC 791: 16-bit total length). */
const MAX_PACKET = 65535;
/** Segments of one write; the kernel splits UDP super packets above UDP_MAX_SEGMENTS = 64 (linux/udp.h). */
const MAX_SEGMENTS = 64;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
const ACK = 0x10;
const PSH = 0x08;
/** IPv4 bytes 6-7 in little-endian order: MF and the fragment offset; DF. */
const IPV4_FRAGMENT = 0xff3f;
const IPV4_DONT_FRAGMENT = 0x0040;

/** Kinds of packets that can be coalesced. */
const enum Kind {
  Single = 0,
  Tcp = 1,
  Udp = 2,
}

/** Kinds of super packets that the device accepts. */
export interface CoalesceOptions {
  /** The device accepts TCP super packets. */
  readonly tcp: boolean;
  /** The device accepts UDP super packets (TUN_F_USO4/6). */
  readonly udp: boolean;
}

/**
 * Receives one finished frame.
 *
 * @param iovecs byte offset of the first iovec: the virtio header, then the packet in pieces
 * @param count number of iovecs
 * @param packets how many packets the frame stands for
 */
export type WriteFrame = (iovecs: number, count: number, packets: number) => void;

/** Joins packets and hands finished frames to `write`. */
export class Coalescer {
  readonly #arena: Arena;
  readonly #sum: Sum;
  readonly #options: CoalesceOptions;
  readonly #write: WriteFrame;
  readonly #virtio: number;
  readonly #iovecs: number;
  #packet = 0;
  #kind = Kind.Single;
  #transport = 0;
  #headerLength = 0;
  /** Payload bytes of the first packet: the segment size. */
  #size = 0;
  #lastSize = 0;
  #count = 0;
  #total = 0;
  #nextSequence = 0;
  #lastFlags = 0;
  #verified = false;
  /** Of the verified open packet: the IPv4 header's sum less the fields that vary. */
  #headerSum = 0;
  /** Of the verified open packet: sum of the pseudo-header's addresses and protocol. */
  #flowSum = 0;

  /** Reserves room for the virtio header and the iovecs in the arena. */
  constructor(arena: Arena, sum: Sum, options: CoalesceOptions, write: WriteFrame) {
    this.#arena = arena;
    this.#sum = sum;
    this.#options = options;
    this.#write = write;
    this.#virtio = arena.allocate(VIRTIO_HEADER + 6, 16);
    this.#iovecs = arena.allocate((MAX_SEGMENTS + 1) * IOVEC_SIZE, 16);
    arena.writeIovec(this.#iovecs, this.#virtio, VIRTIO_HEADER);
  }

  /**
   * Adds one whole IP packet (the caller has checked version and total length). Its memory must stay
   * untouched until {@linkcode flush}; its header may be rewritten in place.
   */
  push(packet: number, length: number): void {
    if (this.#count > 0 && this.#joins(packet, length)) return;
    this.flush();
    this.#open(packet, length);
    if (this.#kind === Kind.Single) this.flush();
  }

  /** Writes what is open. */
  flush(): void {
    if (this.#count === 0) return;
    const { u8, u32 } = this.#arena;
    const virtio = this.#virtio >> 2;
    u32[virtio] = 0;
    u32[virtio + 1] = 0;
    u8[this.#virtio + 8] = 0;
    u8[this.#virtio + 9] = 0;
    if (this.#count > 1) this.#finish();
    const count = this.#count;
    this.#count = 0;
    this.#write(this.#iovecs, count + 1, count);
  }

  #open(packet: number, length: number): void {
    this.#packet = packet;
    this.#count = 1;
    this.#total = length;
    this.#verified = false;
    this.#arena.writeIovec(this.#iovecs + IOVEC_SIZE, packet, length);
    this.#kind = this.#classify(packet, length);
    if (this.#kind === Kind.Single) return;
    this.#size = this.#lastSize = length - this.#headerLength;
    if (this.#kind === Kind.Tcp) {
      const tcp = packet + this.#transport;
      this.#lastFlags = this.#arena.u8[tcp + 13];
      this.#nextSequence = (sequenceOf(this.#arena.u8, tcp) + this.#size) >>> 0;
    }
  }

  /** Classifies a packet and notes where its headers end. */
  #classify(packet: number, length: number): Kind {
    const { u8 } = this.#arena;
    let protocol: number;
    if (u8[packet] === 0x45) {
      const fragment = u8[packet + 6] | u8[packet + 7] << 8;
      if ((fragment & IPV4_FRAGMENT) !== 0) return Kind.Single;
      protocol = u8[packet + 9];
      this.#transport = IPV4_HEADER;
    } else if (u8[packet] >>> 4 === 6) {
      protocol = u8[packet + 6];
      this.#transport = IPV6_HEADER;
    } else return Kind.Single;
    const transport = packet + this.#transport;
    if (protocol === PROTOCOL_TCP && this.#options.tcp) {
      if (length < this.#transport + TCP_HEADER) return Kind.Single;
      const tcpLength = u8[transport + 12] >>> 4 << 2;
      this.#headerLength = this.#transport + tcpLength;
      if (tcpLength < TCP_HEADER || this.#headerLength >= length) return Kind.Single;
      return (u8[transport + 13] & ~PSH) === ACK && (u8[transport + 12] & 15) === 0 ? Kind.Tcp : Kind.Single;
    }
    if (protocol === PROTOCOL_UDP && this.#options.udp) {
      this.#headerLength = this.#transport + UDP_HEADER;
      if (length <= this.#headerLength) return Kind.Single;
      const udpLength = u8[transport + 4] << 8 | u8[transport + 5];
      const hasChecksum = (u8[transport + 6] | u8[transport + 7]) !== 0;
      return udpLength === length - this.#transport && hasChecksum ? Kind.Udp : Kind.Single;
    }
    return Kind.Single;
  }

  #joins(packet: number, length: number): boolean {
    const payload = length - this.#headerLength;
    if (
      this.#kind === Kind.Single || payload <= 0 || payload > this.#size || this.#lastSize !== this.#size ||
      this.#count >= MAX_SEGMENTS || this.#total + payload > MAX_PACKET
    ) return false;
    if (!this.#continues(packet)) return false;
    if (!this.#verified && !this.#verifyOpen()) return false;
    if (!this.#checksumsHold(packet, length)) return false;
    this.#count++;
    this.#total += payload;
    this.#lastSize = payload;
    this.#arena.writeIovec(this.#iovecs + this.#count * IOVEC_SIZE, packet + this.#headerLength, payload);
    if (this.#kind === Kind.Tcp) {
      this.#nextSequence = (this.#nextSequence + payload) >>> 0;
      this.#lastFlags = this.#arena.u8[packet + this.#transport + 13];
    }
    return true;
  }

  /** Compares the headers of the packet with those of the open one. */
  #continues(packet: number): boolean {
    const { view } = this.#arena;
    const open = this.#packet;
    return (this.#transport === IPV4_HEADER
      ? sameIpv4(view, packet, open, this.#count)
      : sameIpv6(view, packet, open)) &&
      sameWord(view, packet, open, this.#transport) &&
      (this.#kind === Kind.Udp ? this.#continuesUdp(packet) : this.#continuesTcp(packet));
  }

  #continuesUdp(packet: number): boolean {
    const { view } = this.#arena;
    const transport = this.#transport;
    const totalLength = transport === IPV4_HEADER
      ? view.getUint16(packet + 2)
      : view.getUint16(packet + 4) + IPV6_HEADER;
    return view.getUint16(packet + transport + 6) !== 0 &&
      view.getUint16(packet + transport + 4) === totalLength - transport;
  }

  #continuesTcp(packet: number): boolean {
    const { view } = this.#arena;
    const tcp = packet + this.#transport;
    const open = this.#packet + this.#transport;
    if (
      (this.#lastFlags & PSH) !== 0 || view.getUint32(tcp + 4) !== this.#nextSequence ||
      (view.getUint8(tcp + 13) & ~PSH) !== ACK || !sameWord(view, tcp, open, 8) ||
      view.getUint8(tcp + 12) !== view.getUint8(open + 12) ||
      view.getUint16(tcp + 14) !== view.getUint16(open + 14) ||
      view.getUint16(tcp + 18) !== view.getUint16(open + 18)
    ) return false;
    const end = this.#headerLength - this.#transport;
    for (let option = TCP_HEADER; option < end; option += 4) {
      if (!sameWord(view, tcp, open, option)) return false;
    }
    return true;
  }

  /** Verifies the open packet, and keeps the sums of the fields that all packets in it share. */
  #verifyOpen(): boolean {
    const packet = this.#packet;
    const { view } = this.#arena;
    if (this.#transport === IPV4_HEADER) {
      const header = fold(this.#sum(packet, IPV4_HEADER));
      if (header !== 0xffff) return false;
      this.#headerSum = header + (~ipv4VariableSum(view, packet) & 0xffff);
    }
    const protocol = swap16(this.#kind === Kind.Tcp ? PROTOCOL_TCP : PROTOCOL_UDP);
    this.#flowSum = protocol +
      (this.#transport === IPV4_HEADER ? this.#sum(packet + 12, 8) : this.#sum(packet + 8, 32));
    this.#verified = this.#transportHolds(packet, this.#headerLength + this.#size);
    return this.#verified;
  }

  /** Verifies a packet that continues the open one, which is verified. */
  #checksumsHold(packet: number, length: number): boolean {
    if (
      this.#transport === IPV4_HEADER &&
      fold(this.#headerSum + ipv4VariableSum(this.#arena.view, packet)) !== 0xffff
    ) return false;
    return this.#transportHolds(packet, length);
  }

  #transportHolds(packet: number, length: number): boolean {
    const covered = length - this.#transport;
    return fold(this.#pseudoHeader(covered) + this.#sum(packet + this.#transport, covered)) === 0xffff;
  }

  /** Sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1) for `length` transport bytes. */
  #pseudoHeader(length: number): number {
    return this.#flowSum + swap16(length);
  }

  /** Turns the open packet's headers into those of the super packet and fills in the virtio header. */
  #finish(): void {
    const { u8, u16 } = this.#arena;
    const packet = this.#packet;
    const isIpv4 = this.#transport === IPV4_HEADER;
    if (isIpv4) {
      writeBigEndian(u8, packet + 2, this.#total);
      u8[packet + 10] = 0;
      u8[packet + 11] = 0;
      writeLittleEndian(u8, packet + 10, ~fold(this.#sum(packet, IPV4_HEADER)) & 0xffff);
    } else writeBigEndian(u8, packet + 4, this.#total - IPV6_HEADER);

    const transport = packet + this.#transport;
    const covered = this.#total - this.#transport;
    const isTcp = this.#kind === Kind.Tcp;
    const checksumOffset = isTcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
    if (isTcp) u8[transport + 13] |= this.#lastFlags & PSH;
    else writeBigEndian(u8, transport + 4, covered);
    writeLittleEndian(u8, transport + checksumOffset, fold(this.#pseudoHeader(covered)));

    const word = this.#virtio >> 1;
    u8[this.#virtio] = VIRTIO_NEEDS_CHECKSUM;
    u8[this.#virtio + 1] = isTcp ? (isIpv4 ? VIRTIO_GSO_TCP4 : VIRTIO_GSO_TCP6) : VIRTIO_GSO_UDP;
    u16[word + 1] = this.#headerLength;
    u16[word + 2] = this.#size;
    u16[word + 3] = this.#transport;
    u16[word + 4] = checksumOffset;
  }
}

function sequenceOf(u8: Uint8Array, tcp: number): number {
  return (u8[tcp + 4] << 24 | u8[tcp + 5] << 16 | u8[tcp + 6] << 8 | u8[tcp + 7]) >>> 0;
}

/** Whether two packets have the same 32-bit word at byte offset `at`. */
function sameWord(view: DataView, a: number, b: number, at: number): boolean {
  return view.getUint32(a + at, true) === view.getUint32(b + at, true);
}

/** Whether the packet may be the one that comes `count` packets after the open one, as far as IPv4 tells. */
function sameIpv4(view: DataView, packet: number, open: number, count: number): boolean {
  // Version, header length and TOS; flags, fragment offset, TTL and protocol; both addresses.
  if (
    view.getUint16(packet, true) !== view.getUint16(open, true) || !sameWord(view, packet, open, 6) ||
    !sameWord(view, packet, open, 12) || !sameWord(view, packet, open, 16)
  ) return false;
  if ((view.getUint8(open + 6) & IPV4_DONT_FRAGMENT) !== 0) return true;
  return view.getUint16(packet + 4) === ((view.getUint16(open + 4) + count) & 0xffff);
}

function sameIpv6(view: DataView, packet: number, open: number): boolean {
  // Version, traffic class and flow label; next header and hop limit; both addresses.
  if (!sameWord(view, packet, open, 0) || view.getUint16(packet + 6) !== view.getUint16(open + 6)) {
    return false;
  }
  for (let at = 8; at < IPV6_HEADER; at += 4) if (!sameWord(view, packet, open, at)) return false;
  return true;
}

/** Sum of those fields of an IPv4 header in which the packets of a flow differ: total length, id, checksum. */
function ipv4VariableSum(view: DataView, packet: number): number {
  return fold(
    view.getUint16(packet + 2, true) + view.getUint16(packet + 4, true) + view.getUint16(packet + 10, true),
  );
}

function writeBigEndian(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value >>> 8;
  u8[at + 1] = value & 0xff;
}

function writeLittleEndian(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value & 0xff;
  u8[at + 1] = value >>> 8;
}
