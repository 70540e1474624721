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
 * Packets may be longer than the interface behind the device takes. Those of TCP are then written with a segment size that fits,
 * so that the kernel cuts them, also one by itself and one that joins with no other; options stay with each segment. Others are
 * written as they came, and never join.
 *
 * @module
 */
import { complement, fold, type Sum, swap16 } from "../packet/checksum.ts";
import { type Arena, IOVEC_SIZE } from "../memory/arena.ts";
import {
  IPV4_HEADER,
  IPV6_HEADER,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER,
  UDP_HEADER,
} from "../packet/ip.ts";
import {
  TCP_CHECKSUM_OFFSET,
  UDP_CHECKSUM_OFFSET,
  VIRTIO_GSO_ECN,
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
const ACK = 0x10;
const PSH = 0x08;
/** CWR (RFC 3168 section 6.1), which the kernel leaves to the first segment. */
const CWR = 0x80;
/** IPv4 bytes 6-7 in little-endian order: MF and the fragment offset; DF. */
const IPV4_FRAGMENT = 0xff3f;
const IPV4_DONT_FRAGMENT = 0x0040;

/** Kinds of packets: one that is never joined, those that can be, and one of TCP that is only cut. */
const enum Kind {
  Single,
  Tcp,
  Udp,
  CutTcp,
}

/** The super packets that the device accepts. */
export interface CoalesceOptions {
  /** Those of TCP. */
  readonly tcp: boolean;
  /** Those of UDP (TUN_F_USO4/6). */
  readonly udp: boolean;
}

/**
 * Receives one finished frame that stands for so many packets: `count` iovecs from byte offset `iovecs` on, the virtio
 * header, then the packet in pieces.
 */
export type WriteFrame = (iovecs: number, count: number, packets: number) => void;

/** Joins packets and hands finished frames to `write`. */
export class Coalescer {
  /** Bytes of the longest packet that goes on from the device: the kernel cuts longer ones of TCP to it. At least 576. */
  longest: number = MAX_PACKET;
  readonly #virtio: number;
  readonly #iovecs: number;
  /** Of the open packet, in all its parts: the first one's place, its kind, and where its headers end. */
  #packet = 0;
  #kind = Kind.Single;
  #isIpv4 = true;
  #transport = 0;
  #headerLength = 0;
  /** Payload bytes of the first part, which is the segment size, and of the last one. */
  #size = 0;
  #lastSize = 0;
  #count = 0;
  #total = 0;
  /** Signed, since a number from 2^31 on would be an object on the heap, one for each packet. */
  #nextSequence = 0;
  #lastFlags = 0;
  #isVerified = false;
  /** Of the verified open packet: the IPv4 header's sum less the fields that vary. */
  #headerSum = 0;
  /** Of the verified open packet: sum of the pseudo-header's addresses and protocol. */
  #flowSum = 0;

  /** Reserves room for the virtio header and the iovecs in the arena. */
  constructor(
    readonly arena: Arena,
    readonly sum: Sum,
    readonly options: CoalesceOptions,
    readonly write: WriteFrame,
  ) {
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
    if (this.#kind === Kind.Single || this.#kind === Kind.CutTcp) this.flush();
  }

  /** Writes what is open. */
  flush(): void {
    if (this.#count === 0) return;
    const { u32 } = this.arena;
    const virtio = this.#virtio >> 2;
    // Twelve bytes for the header's ten: there is room behind it.
    u32[virtio] = u32[virtio + 1] = u32[virtio + 2] = 0;
    if (this.#count > 1 || this.#isToBeCut()) this.#finish();
    const count = this.#count;
    this.#count = 0;
    this.write(this.#iovecs, count + 1, count);
  }

  /** Whether the only packet is one of TCP that is too long. Cutting makes new checksums, so a broken one stays whole. */
  #isToBeCut(): boolean {
    const isTcp = this.#kind === Kind.Tcp || this.#kind === Kind.CutTcp;
    return isTcp && this.#total > this.longest && (this.#isVerified || this.#verifyOpen());
  }

  #open(packet: number, length: number): void {
    this.#packet = packet;
    this.#count = 1;
    this.#total = length;
    this.#isVerified = false;
    this.arena.writeIovec(this.#iovecs + IOVEC_SIZE, packet, length);
    this.#kind = this.#classify(packet, length);
    if (this.#kind === Kind.Single) return;
    this.#size = length - this.#headerLength;
    this.#nextSequence = this.arena.view.getInt32(packet + this.#transport + 4);
    this.#noteLast(packet, this.#size);
  }

  /** Notes of the last part what the next one has to continue. */
  #noteLast(packet: number, payload: number): void {
    this.#lastSize = payload;
    if (this.#kind === Kind.Udp) return;
    this.#nextSequence = (this.#nextSequence + payload) | 0;
    this.#lastFlags = this.arena.u8[packet + this.#transport + 13];
  }

  /** Classifies a packet and notes where its headers end. */
  #classify(packet: number, length: number): Kind {
    const { u8 } = this.arena;
    this.#isIpv4 = u8[packet] === 0x45;
    if (!this.#isIpv4 && u8[packet] >>> 4 !== 6) return Kind.Single;
    if (this.#isIpv4 && ((u8[packet + 6] | u8[packet + 7] << 8) & IPV4_FRAGMENT) !== 0) return Kind.Single;
    this.#transport = this.#isIpv4 ? IPV4_HEADER : IPV6_HEADER;
    const protocol = u8[packet + (this.#isIpv4 ? 9 : 6)];
    const transport = packet + this.#transport;
    if (protocol === PROTOCOL_TCP && this.options.tcp) {
      if (length < this.#transport + TCP_HEADER) return Kind.Single;
      const tcpLength = u8[transport + 12] >>> 4 << 2;
      this.#headerLength = this.#transport + tcpLength;
      if (tcpLength < TCP_HEADER || this.#headerLength >= length) return Kind.Single;
      if ((u8[transport + 13] & ~PSH) === ACK && (u8[transport + 12] & 15) === 0) return Kind.Tcp;
      return length > this.longest ? Kind.CutTcp : Kind.Single;
    }
    if (protocol === PROTOCOL_UDP && this.options.udp) {
      this.#headerLength = this.#transport + UDP_HEADER;
      return length > this.#headerLength && length <= this.longest && this.#isWholeUdp(packet, length)
        ? Kind.Udp
        : Kind.Single;
    }
    return Kind.Single;
  }

  #joins(packet: number, length: number): boolean {
    const payload = length - this.#headerLength;
    if (
      this.#kind === Kind.Single || payload <= 0 || payload > this.#size || this.#lastSize !== this.#size ||
      this.#count >= MAX_SEGMENTS || this.#total + payload > MAX_PACKET
    ) return false;
    if (!this.#continues(packet, length)) return false;
    if (!this.#isVerified && !this.#verifyOpen()) return false;
    if (!this.#checksumsHold(packet, length)) return false;
    this.#count++;
    this.#total += payload;
    this.arena.writeIovec(this.#iovecs + this.#count * IOVEC_SIZE, packet + this.#headerLength, payload);
    this.#noteLast(packet, payload);
    return true;
  }

  /** Compares the headers of the packet with those of the open one. */
  #continues(packet: number, length: number): boolean {
    const { view } = this.arena;
    const open = this.#packet;
    return (this.#isIpv4 ? sameIpv4(view, packet, open, this.#count) : sameIpv6(view, packet, open)) &&
      sameWord(view, packet, open, this.#transport) &&
      (this.#kind === Kind.Udp ? this.#isWholeUdp(packet, length) : this.#continuesTcp(packet));
  }

  /** Whether a UDP datagram has a checksum and fills its packet. */
  #isWholeUdp(packet: number, length: number): boolean {
    const { view } = this.arena;
    const udp = packet + this.#transport;
    return view.getUint16(udp + 6) !== 0 && view.getUint16(udp + 4) === length - this.#transport;
  }

  #continuesTcp(packet: number): boolean {
    const { view } = this.arena;
    const tcp = packet + this.#transport;
    const open = this.#packet + this.#transport;
    if (
      (this.#lastFlags & PSH) !== 0 || view.getInt32(tcp + 4) !== this.#nextSequence ||
      (view.getUint8(tcp + 13) & ~PSH) !== ACK || !sameWord(view, tcp, open, 8) ||
      view.getUint8(tcp + 12) !== view.getUint8(open + 12) ||
      view.getUint16(tcp + 14) !== view.getUint16(open + 14) ||
      view.getUint16(tcp + 18) !== view.getUint16(open + 18)
    ) return false;
    for (let option = TCP_HEADER; option < this.#headerLength - this.#transport; option += 4) {
      if (!sameWord(view, tcp, open, option)) return false;
    }
    return true;
  }

  /** Verifies the open packet by the sums of the fields that all packets in it share, which are kept. */
  #verifyOpen(): boolean {
    const packet = this.#packet;
    const variable = ipv4VariableSum(this.arena.view, packet);
    if (this.#isIpv4) this.#headerSum = this.sum(packet, IPV4_HEADER) + complement(variable);
    const protocol = swap16(this.#kind === Kind.Udp ? PROTOCOL_UDP : PROTOCOL_TCP);
    this.#flowSum = protocol + (this.#isIpv4 ? this.sum(packet + 12, 8) : this.sum(packet + 8, 32));
    this.#isVerified = this.#checksumsHold(packet, this.#headerLength + this.#size);
    return this.#isVerified;
  }

  /** Verifies a packet of the open one's flow. */
  #checksumsHold(packet: number, length: number): boolean {
    const { view } = this.arena;
    if (this.#isIpv4 && fold(this.#headerSum + ipv4VariableSum(view, packet)) !== 0xffff) return false;
    const covered = length - this.#transport;
    return fold(this.#pseudoHeader(covered) + this.sum(packet + this.#transport, covered)) === 0xffff;
  }

  /** Sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1) for `length` transport bytes. */
  #pseudoHeader(length: number): number {
    return this.#flowSum + swap16(length);
  }

  /** Turns the open packet's headers into those of the super packet and fills in the virtio header. */
  #finish(): void {
    const { u8, u16, view } = this.arena;
    const packet = this.#packet;
    if (this.#isIpv4) {
      view.setUint16(packet + 2, this.#total);
      view.setUint16(packet + 10, 0);
      view.setUint16(packet + 10, complement(fold(this.sum(packet, IPV4_HEADER))), true);
    } else view.setUint16(packet + 4, this.#total - IPV6_HEADER);

    const transport = packet + this.#transport;
    const covered = this.#total - this.#transport;
    const isTcp = this.#kind !== Kind.Udp;
    const checksumOffset = isTcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
    if (isTcp) u8[transport + 13] |= this.#lastFlags & PSH;
    else view.setUint16(transport + 4, covered);
    view.setUint16(transport + checksumOffset, fold(this.#pseudoHeader(covered)), true);

    const word = this.#virtio >> 1;
    u8[this.#virtio] = VIRTIO_NEEDS_CHECKSUM;
    u8[this.#virtio + 1] = isTcp ? (this.#isIpv4 ? VIRTIO_GSO_TCP4 : VIRTIO_GSO_TCP6) : VIRTIO_GSO_UDP;
    if (isTcp && (u8[transport + 13] & CWR) !== 0) u8[this.#virtio + 1] |= VIRTIO_GSO_ECN;
    u16[word + 1] = this.#headerLength;
    u16[word + 2] = isTcp ? Math.min(this.#size, this.longest - this.#headerLength) : this.#size;
    u16[word + 3] = this.#transport;
    u16[word + 4] = checksumOffset;
  }
}

/** Whether two packets have the same 32-bit word at byte offset `at`. */
function sameWord(view: DataView, a: number, b: number, at: number): boolean {
  return view.getInt32(a + at, true) === view.getInt32(b + at, true);
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
