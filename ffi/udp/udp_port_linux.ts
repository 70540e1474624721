/**
 * Datagrams in batches on Linux: `sendmmsg` with UDP_SEGMENT, `recvmmsg` with UDP_GRO (udp(7), linux/udp.h,
 * sendmmsg(2), recvmmsg(2)).
 *
 * Sending: neighbours of equal length for one endpoint become one message that the kernel segments, and all
 * messages of a list go out in one call. Receiving: the kernel coalesces equal datagrams of one sender into
 * one message, with their size in a control message.
 *
 * @module
 */
import { Counter, type CounterTable } from "../../core/counters.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, type TxQueue } from "../../core/packet/tx_queue.ts";
import { mixHash } from "../../core/sharing/source_hash.ts";
import { AF_INET, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC } from "../libc/constants_linux.ts";
import { prepareErrno, readErrno } from "../libc/errno.ts";
import { linuxErrno } from "../libc/errno_linux.ts";
import { type LinuxLibc, linuxLibc } from "../libc/libc_linux.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { SOCKET_ADDRESS_CAPACITY } from "./socket_address_linux.ts";
import {
  EXCEEDS_PMTU,
  NO_GRO,
  NO_GSO,
  RECEIVE_FAILED,
  type UdpAttachment,
  type UdpPort,
} from "./udp_socket.ts";

/** `struct mmsghdr` on LP64, 64 bytes: a `struct msghdr` of 56, then msg_len u32 @56 (bits/socket.h). */
export const MMSGHDR = {
  size: 64,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;
/** `struct cmsghdr` on LP64: cmsg_len u64 @0, cmsg_level i32 @8, cmsg_type i32 @12, data @16; 24 with 8 bytes of data. */
export const CMSG = { size: 24, length: 0, level: 8, type: 12, data: 16 } as const;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

/** UDP_MAX_SEGMENTS of kernels before 6.9 (linux/udp.h). */
const SEGMENTS_PER_MESSAGE = 64;
/** Bytes of one segmented message: 65,535 less IPv6 and UDP headers, and some to spare. */
const MAX_MESSAGE = 65000;
/** Messages of one send call. */
const SEND_MESSAGES = 256;
/** Messages of one receive call: with GRO, each can hold 64 datagrams. */
const GRO_MESSAGES = 16;
const PLAIN_MESSAGES = 64;
const RECEIVE_CAPACITY = 65536;
/** Buffers are apart by an odd number of cache lines, so that packet headers spread over the cache sets. */
const RECEIVE_STRIDE = RECEIVE_CAPACITY + 64;
/** Number of endpoints. */
const ENDPOINTS = 1024;
/** Milliseconds until segmentation of datagrams above the PMTU is tried again: paths change. */
const LIMITS_LIFETIME = 60_000;

/** Moves datagrams of a Linux UDP socket. */
export class LinuxUdpPort implements UdpPort {
  readonly descriptor: number;
  failure = 0;
  unsupported = 0;
  /** Messages that the last receive filled. */
  #taken = 0;
  readonly #memory: PacketMemory;
  readonly #counters: CounterTable;
  readonly #libc: LinuxLibc;
  readonly #connected: boolean;
  readonly #receiveMessages: number;
  readonly #buffers: number;
  readonly #sources: number;
  readonly #receiveControl: number;
  readonly #receiveHeaders: number;
  readonly #receivePointer: Deno.PointerValue;
  readonly #sendHeaders: number;
  readonly #sendControl: number;
  readonly #sendPointers: Deno.PointerValue[];
  /** First datagram of each prepared message, and one past the last. */
  readonly #firstOf = new Int32Array(SEND_MESSAGES + 1);
  readonly #endpoints: number;
  readonly #endpointLengths = new Int32Array(ENDPOINTS);
  readonly #clock: () => number;
  /** By endpoint: equal datagrams share one message up to this datagram size; 0: never. */
  readonly #segmentLimits = new Int32Array(ENDPOINTS);
  /** When lowered limits end, by the clock; Infinity while there are none. */
  #limitsEnd = Infinity;

  /** @param clock monotonic milliseconds */
  constructor(
    memory: PacketMemory,
    attachment: UdpAttachment,
    counters: CounterTable,
    clock: () => number = () => performance.now(),
  ) {
    const { arena } = memory;
    this.#clock = clock;
    this.descriptor = attachment.descriptor;
    this.#memory = memory;
    this.#counters = counters;
    this.#connected = attachment.connected;
    this.#libc = linuxLibc();
    prepareErrno();
    const has = (option: number, value: number) =>
      this.#libc.setsockopt(this.descriptor, SOL_UDP, option, new Uint32Array([value]), 4) === 0;
    const joins = attachment.offload && has(UDP_GRO, 1);
    // Kernels before 4.18 ignore the control message, and would send the message unsegmented.
    const cuts = attachment.offload && has(UDP_SEGMENT, 0);
    if (attachment.offload) this.unsupported = (joins ? 0 : NO_GRO) | (cuts ? 0 : NO_GSO);
    if (cuts) this.#segmentLimits.fill(MAX_MESSAGE);
    this.#receiveMessages = joins ? GRO_MESSAGES : PLAIN_MESSAGES;
    this.#buffers = arena.allocate(this.#receiveMessages * RECEIVE_STRIDE, 64);
    this.#sources = arena.allocate(this.#receiveMessages * SOCKET_ADDRESS_CAPACITY, 64);
    this.#receiveControl = arena.allocate(this.#receiveMessages * CMSG.size, 8);
    const receiveIovecs = arena.allocate(this.#receiveMessages * IOVEC_SIZE, 16);
    this.#receiveHeaders = arena.allocate(this.#receiveMessages * MMSGHDR.size, 64);
    this.#receivePointer = memory.pointer(this.#receiveHeaders);
    for (let message = 0; message < this.#receiveMessages; message++) {
      const header = this.#receiveHeaders + message * MMSGHDR.size;
      arena.writeIovec(receiveIovecs + message * IOVEC_SIZE, this.messageOffset(message), RECEIVE_CAPACITY);
      arena.writeAddress(header + MMSGHDR.name, this.#sources + message * SOCKET_ADDRESS_CAPACITY);
      arena.writeAddress(header + MMSGHDR.iov, receiveIovecs + message * IOVEC_SIZE);
      arena.u32[(header + MMSGHDR.iovLength) >> 2] = 1;
      arena.writeAddress(header + MMSGHDR.control, this.#receiveControl + message * CMSG.size);
      this.#rearm(message);
    }

    this.#endpoints = arena.allocate(ENDPOINTS * SOCKET_ADDRESS_CAPACITY, 64);
    this.#sendControl = arena.allocate(SEND_MESSAGES * CMSG.size, 8);
    this.#sendHeaders = arena.allocate(SEND_MESSAGES * MMSGHDR.size, 64);
    this.#sendPointers = Array.from(
      { length: SEND_MESSAGES },
      (_, message) => memory.pointer(this.#sendHeaders + message * MMSGHDR.size),
    );
    for (let message = 0; message < SEND_MESSAGES; message++) {
      const control = this.#sendControl + message * CMSG.size;
      // cmsg_len covers header and data: CMSG_LEN(2) = 18.
      arena.u32[(control + CMSG.length) >> 2] = CMSG.data + 2;
      arena.i32[(control + CMSG.level) >> 2] = SOL_UDP;
      arena.i32[(control + CMSG.type) >> 2] = UDP_SEGMENT;
    }
  }

  setEndpoint(index: number, socketAddress: Uint8Array): void {
    const { u8 } = this.#memory.arena;
    const at = this.#endpoints + index * SOCKET_ADDRESS_CAPACITY;
    const isSame = this.#endpointLengths[index] === socketAddress.length &&
      socketAddress.every((byte, offset) => byte === u8[at + offset]);
    if (isSame) return;
    u8.set(socketAddress, at);
    this.#endpointLengths[index] = socketAddress.length;
    // Another endpoint is another path.
    if (this.#segmentLimits[index] > 0) this.#segmentLimits[index] = MAX_MESSAGE;
  }

  send(list: TxQueue): void {
    if (this.#limitsEnd !== Infinity && this.#clock() >= this.#limitsEnd) {
      this.#segmentLimits.fill(MAX_MESSAGE);
      this.#limitsEnd = Infinity;
    }
    for (let done = 0; done < list.count;) done = this.#sendBatch(list, done);
  }

  /** Prepares and sends messages from datagram `first` on; returns the first datagram that is still to be sent. */
  #sendBatch(list: TxQueue, first: number): number {
    let messages = 0;
    let next = first;
    while (next < list.count && messages < SEND_MESSAGES) {
      if (list.endpoints[next] < 0) {
        next++;
        continue;
      }
      this.#firstOf[messages] = next;
      next = this.#prepare(list, messages, next);
      messages++;
    }
    let isSecondTry = false;
    for (let sent = 0; sent < messages;) {
      const taken = this.#libc.sendmmsg(
        this.descriptor,
        this.#sendPointers[sent] ?? null,
        messages - sent,
        MSG_DONTWAIT | MSG_NOSIGNAL,
      );
      if (taken > 0) {
        this.#count(sent, sent + taken);
        sent += taken;
        isSecondTry = false;
        continue;
      }
      const number = readErrno();
      if (number === linuxErrno.EINTR) continue;
      if (number === linuxErrno.EAGAIN) return this.#dropRest(list, this.#firstOf[sent]);
      // An ICMP error about an earlier datagram is reported by the next send, whatever that carries, and by it alone
      // (sock_error in net/core/sock.c). Only what is refused twice is refused for its own sake.
      isSecondTry = !isSecondTry;
      if (isSecondTry) continue;
      if (this.#withdrawSegmentation(number, list.endpoints[this.#firstOf[sent]], sent)) {
        return this.#firstOf[sent];
      }
      const counter = number === linuxErrno.ENOBUFS ? "drop.sendBufferFull" : "drop.sendFailed";
      this.#counters[Counter[counter]] += this.#datagramsOf(sent);
      sent++;
    }
    return next;
  }

  /** The send buffer is full, so each further call would only fail too; returns the end of the list. */
  #dropRest(list: TxQueue, first: number): number {
    let datagrams = 0;
    for (let index = first; index < list.count; index++) {
      if (list.endpoints[index] >= 0) datagrams++;
    }
    this.#counters[Counter["drop.sendBufferFull"]] += datagrams;
    return list.count;
  }

  /** Lays out message `message` from datagram `first` on: as many neighbours as one message may carry. */
  #prepare(list: TxQueue, message: number, first: number): number {
    const { arena } = this.#memory;
    const size = list.lengths[first];
    const endpoint = list.endpoints[first];
    let total = size;
    let next = first + 1;
    if (size <= this.#segmentLimits[endpoint]) {
      const end = Math.min(list.count, first + SEGMENTS_PER_MESSAGE);
      while (next < end && list.endpoints[next] === endpoint) {
        const length = list.lengths[next];
        if (length > size || total + length > MAX_MESSAGE) break;
        total += length;
        next++;
        if (length < size) break;
      }
    }
    const header = this.#sendHeaders + message * MMSGHDR.size;
    const datagrams = next - first;
    if (!this.#connected) {
      arena.writeAddress(header + MMSGHDR.name, this.#endpoints + endpoint * SOCKET_ADDRESS_CAPACITY);
      arena.u32[(header + MMSGHDR.nameLength) >> 2] = this.#endpointLengths[endpoint];
    }
    arena.writeAddress(header + MMSGHDR.iov, list.iovecs + first * IOVECS_PER_DATAGRAM * IOVEC_SIZE);
    arena.u32[(header + MMSGHDR.iovLength) >> 2] = datagrams * IOVECS_PER_DATAGRAM;
    const control = this.#sendControl + message * CMSG.size;
    if (datagrams > 1) {
      arena.u16[(control + CMSG.data) >> 1] = size;
      arena.writeAddress(header + MMSGHDR.control, control);
      arena.u32[(header + MMSGHDR.controlLength) >> 2] = CMSG.size;
    } else {
      arena.u32[(header + MMSGHDR.control) >> 2] = 0;
      arena.u32[(header + MMSGHDR.control + 4) >> 2] = 0;
      arena.u32[(header + MMSGHDR.controlLength) >> 2] = 0;
    }
    // How much it carries, for the counters; the kernel overwrites it with what it sent.
    arena.u32[(header + MMSGHDR.length) >> 2] = total;
    this.#firstOf[message + 1] = next;
    return next;
  }

  #datagramsOf(message: number): number {
    const iovecs =
      this.#memory.arena.u32[(this.#sendHeaders + message * MMSGHDR.size + MMSGHDR.iovLength) >> 2];
    return iovecs / IOVECS_PER_DATAGRAM;
  }

  #count(from: number, to: number): void {
    let packets = 0;
    let bytes = 0;
    for (let message = from; message < to; message++) {
      packets += this.#datagramsOf(message);
      bytes += this.#memory.arena.u32[(this.#sendHeaders + message * MMSGHDR.size + MMSGHDR.length) >> 2];
    }
    this.#counters[Counter["outbound.packets"]] += packets;
    this.#counters[Counter["outbound.bytes"]] += bytes;
  }

  /**
   * Stops segmentation when that is why the kernel failed: EIO when the device cannot checksum, so never
   * again; EINVAL or EMSGSIZE when the datagrams exceed the MTU of the endpoint's path, which only single
   * ones may do (they are fragmented then).
   */
  #withdrawSegmentation(number: number, endpoint: number, message: number): boolean {
    if (this.#datagramsOf(message) === 1) return false;
    if (number === linuxErrno.EIO) {
      this.#segmentLimits.fill(0);
      this.#limitsEnd = Infinity;
      this.unsupported |= NO_GSO;
      return true;
    }
    if (number !== linuxErrno.EINVAL && number !== linuxErrno.EMSGSIZE) return false;
    const control = this.#sendControl + message * CMSG.size;
    this.#segmentLimits[endpoint] = this.#memory.arena.u16[(control + CMSG.data) >> 1] - 1;
    // One time for all: what is lowered later is tried again the sooner, and that costs three calls.
    if (this.#limitsEnd === Infinity) this.#limitsEnd = this.#clock() + LIMITS_LIFETIME;
    this.unsupported |= EXCEEDS_PMTU;
    return true;
  }

  receive(): number {
    for (let message = 0; message < this.#taken; message++) this.#rearm(message);
    this.#taken = 0;
    const taken = this.#libc.recvmmsg(
      this.descriptor,
      this.#receivePointer,
      this.#receiveMessages,
      MSG_DONTWAIT,
      null,
    );
    if (taken >= 0) {
      this.#taken = taken;
      return taken;
    }
    const number = readErrno();
    // ECONNREFUSED and its like report what became of an earlier datagram; the socket is fine.
    if (number !== linuxErrno.EBADF && number !== linuxErrno.ENOTSOCK) return 0;
    this.failure = number;
    return RECEIVE_FAILED;
  }

  messageOffset(message: number): number {
    return this.#buffers + message * RECEIVE_STRIDE;
  }

  messageLength(message: number): number {
    return this.#memory.arena.u32[(this.#receiveHeaders + message * MMSGHDR.size + MMSGHDR.length) >> 2];
  }

  messageStride(message: number): number {
    const { arena } = this.#memory;
    const header = this.#receiveHeaders + message * MMSGHDR.size;
    const control = this.#receiveControl + message * CMSG.size;
    const joined = arena.u32[(header + MMSGHDR.controlLength) >> 2] >= CMSG.data + 4 &&
      arena.i32[(control + CMSG.level) >> 2] === SOL_UDP && arena.i32[(control + CMSG.type) >> 2] === UDP_GRO;
    const segment = joined ? arena.i32[(control + CMSG.data) >> 2] : 0;
    return segment > 0 ? segment : this.messageLength(message);
  }

  /** Puts back the lengths that the kernel overwrote in the last receive. */
  #rearm(message: number): void {
    const { u32 } = this.#memory.arena;
    const header = this.#receiveHeaders + message * MMSGHDR.size;
    u32[(header + MMSGHDR.nameLength) >> 2] = SOCKET_ADDRESS_CAPACITY;
    u32[(header + MMSGHDR.controlLength) >> 2] = CMSG.size;
  }

  messageIsFrom(message: number, index: number): boolean {
    if (this.#connected) return true;
    const length = this.#endpointLengths[index];
    if (length === 0) return false;
    const { u32 } = this.#memory.arena;
    const source = (this.#sources + message * SOCKET_ADDRESS_CAPACITY) >> 2;
    const endpoint = (this.#endpoints + index * SOCKET_ADDRESS_CAPACITY) >> 2;
    if (u32[source] !== u32[endpoint]) return false;
    if ((u32[source] & 0xffff) === AF_INET) return u32[source + 1] === u32[endpoint + 1];
    return u32[source + 2] === u32[endpoint + 2] && u32[source + 3] === u32[endpoint + 3] &&
      u32[source + 4] === u32[endpoint + 4] && u32[source + 5] === u32[endpoint + 5] &&
      u32[source + 6] === u32[endpoint + 6];
  }

  messageSource(message: number): Uint8Array<ArrayBuffer> {
    const at = this.#sources + message * SOCKET_ADDRESS_CAPACITY;
    return this.#memory.arena.u8.slice(at, at + SOCKET_ADDRESS_CAPACITY) as Uint8Array<ArrayBuffer>;
  }

  messageIsTruncated(message: number): boolean {
    const flags =
      this.#memory.arena.u32[(this.#receiveHeaders + message * MMSGHDR.size + MMSGHDR.flags) >> 2];
    return (flags & MSG_TRUNC) !== 0;
  }

  messageSourceHash(message: number, seed: number): number {
    return this.#hash(this.#sources + message * SOCKET_ADDRESS_CAPACITY, seed);
  }

  endpointHash(index: number, seed: number): number {
    return this.#hash(this.#endpoints + index * SOCKET_ADDRESS_CAPACITY, seed);
  }

  /** Of what {@linkcode messageIsFrom} compares. */
  #hash(socketAddress: number, seed: number): number {
    const { u32 } = this.#memory.arena;
    const at = socketAddress >> 2;
    let hash = mixHash(seed, u32[at]);
    if ((u32[at] & 0xffff) === AF_INET) return mixHash(hash, u32[at + 1]);
    for (let word = at + 2; word < at + 7; word++) hash = mixHash(hash, u32[word]);
    return hash;
  }
}
