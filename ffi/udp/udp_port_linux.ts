import { Counter, type CounterTable } from "../../core/counters.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, type TxQueue } from "../../core/packet/tx_queue.ts";
import {
  AF_INET,
  CMSG,
  MMSGHDR,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "../libc/constants_linux.ts";
import { prepareErrno, readErrno } from "../libc/errno.ts";
import { linuxErrno } from "../libc/errno_linux.ts";
import { type LinuxLibc, linuxLibc } from "../libc/libc_linux.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { SegmentLimits } from "./segment_limits_linux.ts";
import { SOCKET_ADDRESS_CAPACITY } from "./socket_address.ts";
import {
  AddressedPort,
  EXCEEDS_PMTU,
  NO_GRO,
  NO_GSO,
  RECEIVE_CAPACITY,
  RECEIVE_FAILED,
  type UdpAttachment,
  type UdpPort,
} from "./udp_port.ts";

/** UDP_MAX_SEGMENTS of kernels before 6.9 (linux/udp.h). */
const SEGMENTS_PER_MESSAGE = 64;
/** Bytes of one segmented message: 65,535 less IPv6 and UDP headers, and some to spare. */
const MAX_MESSAGE = 65000;
/** Messages of one send call. */
const SEND_MESSAGES = 256;
const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
/** Messages of one receive call: with GRO, each can hold 64 datagrams. */
const GRO_MESSAGES = 16;
const PLAIN_MESSAGES = 64;

/**
 * Moves datagrams of a Linux UDP socket in batches: `sendmmsg` with UDP_SEGMENT, `recvmmsg` with UDP_GRO (udp(7), linux/udp.h,
 * sendmmsg(2), recvmmsg(2)).
 *
 * Sending: neighbours of equal length for one endpoint become one message that the kernel segments, and all
 * messages of a list go out in one call. Receiving: the kernel coalesces equal datagrams of one sender into
 * one message, with their size in a control message.
 */
export class LinuxUdpPort extends AddressedPort implements UdpPort {
  unsupported = 0;
  /** Messages that the last receive filled. */
  #taken = 0;
  readonly #libc: LinuxLibc;
  readonly #receiveMessages: number;
  readonly #receiveControl: number;
  readonly #receiveHeaders: number;
  readonly #receivePointer: Deno.PointerValue;
  readonly #sendHeaders: number;
  readonly #sendControl: number;
  readonly #sendPointers: Deno.PointerValue[];
  /** First datagram of each prepared message, and one past the last. */
  readonly #firstOf = new Int32Array(SEND_MESSAGES + 1);
  readonly #limits: SegmentLimits;

  /** @param clock monotonic milliseconds */
  constructor(
    memory: PacketMemory,
    attachment: UdpAttachment,
    counters: CounterTable,
    clock: () => number = () => performance.now(),
  ) {
    const libc = linuxLibc();
    prepareErrno();
    const has = (option: number, value: number) =>
      attachment.offload &&
      libc.setsockopt(attachment.descriptor, SOL_UDP, option, new Uint32Array([value]), 4) === 0;
    const joins = has(UDP_GRO, 1);
    // Kernels before 4.18 ignore the control message, and would send the message unsegmented.
    const cuts = has(UDP_SEGMENT, 0);
    const messages = joins ? GRO_MESSAGES : PLAIN_MESSAGES;
    super(memory, attachment, counters, messages, AF_INET);
    if (attachment.offload) this.unsupported = (joins ? 0 : NO_GRO) | (cuts ? 0 : NO_GSO);
    this.#libc = libc;
    this.#limits = new SegmentLimits(cuts ? MAX_MESSAGE : 0, clock);
    this.#receiveMessages = messages;

    const { arena } = memory;
    this.#receiveControl = arena.allocate(messages * CMSG.size, 8);
    const receiveIovecs = arena.allocate(messages * IOVEC_SIZE, 16);
    this.#receiveHeaders = arena.allocate(messages * MMSGHDR.size, 64);
    this.#receivePointer = memory.pointer(this.#receiveHeaders);
    for (let message = 0; message < messages; message++) {
      const header = this.#receiveHeaders + message * MMSGHDR.size;
      const iovec = receiveIovecs + message * IOVEC_SIZE;
      arena.writeIovec(iovec, this.messageOffset(message), RECEIVE_CAPACITY);
      arena.writeAddress(header + MMSGHDR.name, this.sourceOffset(message));
      arena.writeAddress(header + MMSGHDR.iov, iovec);
      arena.u32[(header + MMSGHDR.iovLength) >> 2] = 1;
      arena.writeAddress(header + MMSGHDR.control, this.#receiveControl + message * CMSG.size);
      this.#rearm(message);
    }

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
      arena.writeAddress(this.#sendHeaders + message * MMSGHDR.size + MMSGHDR.control, control);
    }
  }

  override setEndpoint(index: number, socketAddress: Uint8Array): void {
    const { u8 } = this.memory.arena;
    const at = this.endpoints + index * SOCKET_ADDRESS_CAPACITY;
    const isSame = this.endpointLengths[index] === socketAddress.length &&
      socketAddress.every((byte, offset) => byte === u8[at + offset]);
    if (isSame) return;
    super.setEndpoint(index, socketAddress);
    // Another endpoint is another path.
    this.#limits.restore(index);
  }

  send(list: TxQueue): void {
    this.#limits.renew();
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
      const pointer = this.#sendPointers[sent];
      const taken = this.#libc.sendmmsg(this.descriptor, pointer, messages - sent, SEND_FLAGS);
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
      this.counters[Counter[counter]] += this.#datagramsOf(sent);
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
    this.counters[Counter["drop.sendBufferFull"]] += datagrams;
    return list.count;
  }

  /** Lays out message `message` from datagram `first` on: as many neighbours as one message may carry. */
  #prepare(list: TxQueue, message: number, first: number): number {
    const { arena } = this.memory;
    const size = list.lengths[first];
    const endpoint = list.endpoints[first];
    let total = size;
    let next = first + 1;
    if (size <= this.#limits.sizes[endpoint]) {
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
    if (!this.connected) {
      arena.writeAddress(header + MMSGHDR.name, this.endpoints + endpoint * SOCKET_ADDRESS_CAPACITY);
      arena.u32[(header + MMSGHDR.nameLength) >> 2] = this.endpointLengths[endpoint];
    }
    arena.writeAddress(header + MMSGHDR.iov, list.iovecs + first * IOVECS_PER_DATAGRAM * IOVEC_SIZE);
    arena.u32[(header + MMSGHDR.iovLength) >> 2] = datagrams * IOVECS_PER_DATAGRAM;
    arena.u32[(header + MMSGHDR.controlLength) >> 2] = datagrams > 1 ? CMSG.size : 0;
    arena.u16[(this.#sendControl + message * CMSG.size + CMSG.data) >> 1] = size;
    // How much it carries, for the counters; the kernel overwrites it with what it sent.
    arena.u32[(header + MMSGHDR.length) >> 2] = total;
    this.#firstOf[message + 1] = next;
    return next;
  }

  #datagramsOf(message: number): number {
    const iovecs =
      this.memory.arena.u32[(this.#sendHeaders + message * MMSGHDR.size + MMSGHDR.iovLength) >> 2];
    return iovecs / IOVECS_PER_DATAGRAM;
  }

  #count(from: number, to: number): void {
    let packets = 0;
    let bytes = 0;
    for (let message = from; message < to; message++) {
      packets += this.#datagramsOf(message);
      bytes += this.memory.arena.u32[(this.#sendHeaders + message * MMSGHDR.size + MMSGHDR.length) >> 2];
    }
    this.counters[Counter["outbound.packets"]] += packets;
    this.counters[Counter["outbound.bytes"]] += bytes;
  }

  /**
   * Stops segmentation when that is why the kernel failed: EIO when the device cannot checksum, so never
   * again; EINVAL or EMSGSIZE when the datagrams exceed the MTU of the endpoint's path, which only single
   * ones may do (they are fragmented then).
   */
  #withdrawSegmentation(number: number, endpoint: number, message: number): boolean {
    if (this.#datagramsOf(message) === 1) return false;
    if (number === linuxErrno.EIO) {
      this.#limits.forbid();
      this.unsupported |= NO_GSO;
      return true;
    }
    if (number !== linuxErrno.EINVAL && number !== linuxErrno.EMSGSIZE) return false;
    const control = this.#sendControl + message * CMSG.size;
    this.#limits.lower(endpoint, this.memory.arena.u16[(control + CMSG.data) >> 1] - 1);
    this.unsupported |= EXCEEDS_PMTU;
    return true;
  }

  receive(): number {
    for (let message = 0; message < this.#taken; message++) this.#rearm(message);
    this.#taken = 0;
    const messages = this.#receiveMessages;
    const taken = this.#libc.recvmmsg(this.descriptor, this.#receivePointer, messages, MSG_DONTWAIT, null);
    if (taken >= 0) return this.#taken = taken;
    const number = readErrno();
    // ECONNREFUSED and its like report what became of an earlier datagram; the socket is fine.
    if (number !== linuxErrno.EBADF && number !== linuxErrno.ENOTSOCK) return 0;
    this.failure = number;
    return RECEIVE_FAILED;
  }

  messageLength(message: number): number {
    return this.memory.arena.u32[(this.#receiveHeaders + message * MMSGHDR.size + MMSGHDR.length) >> 2];
  }

  messageStride(message: number): number {
    const { arena } = this.memory;
    const header = this.#receiveHeaders + message * MMSGHDR.size;
    const control = this.#receiveControl + message * CMSG.size;
    const joined = arena.u32[(header + MMSGHDR.controlLength) >> 2] >= CMSG.data + 4 &&
      arena.i32[(control + CMSG.level) >> 2] === SOL_UDP && arena.i32[(control + CMSG.type) >> 2] === UDP_GRO;
    const segment = joined ? arena.i32[(control + CMSG.data) >> 2] : 0;
    return segment > 0 ? segment : this.messageLength(message);
  }

  /** Puts back the lengths that the kernel overwrote in the last receive. */
  #rearm(message: number): void {
    const { u32 } = this.memory.arena;
    const header = this.#receiveHeaders + message * MMSGHDR.size;
    u32[(header + MMSGHDR.nameLength) >> 2] = SOCKET_ADDRESS_CAPACITY;
    u32[(header + MMSGHDR.controlLength) >> 2] = CMSG.size;
  }

  messageIsTruncated(message: number): boolean {
    const flags = this.memory.arena.u32[(this.#receiveHeaders + message * MMSGHDR.size + MMSGHDR.flags) >> 2];
    return (flags & MSG_TRUNC) !== 0;
  }
}
