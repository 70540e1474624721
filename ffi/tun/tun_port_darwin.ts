import { Counter, type CounterTable } from "../../core/counters.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { isLargeTcp } from "../../core/offload/large_packet.ts";
import { appendLargeSegments, QUEUE_FULL, segmentSizeWithin } from "../../core/offload/segment.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { ENGINE_MTU } from "../../core/path/engine_mtu.ts";
import {
  FRAME_HEADER,
  LARGE_HEADER,
  largeHeaderLength,
  largeSegmentSize,
  largeTransport,
  largeType,
} from "../../core/protocol/stream_frame.ts";
import { AF_INET, AF_INET6 } from "../libc/constants_darwin.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import { MessageBatch } from "../udp/message_batch_darwin.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { BATCH_FULL, DEVICE_ERROR, ReadFailures, type TunPort, WOULD_BLOCK } from "./tun_port.ts";

/** Packets read before they are sent. */
const SLOTS = 64;
/** Packets held back before they are written. */
const WRITES = 64;
/** Segments of one large packet: those of 48 bytes, the smallest that the kernel makes, in 64 KiB. */
const SEGMENTS = 1366;
/** Largest packet (16-bit total length). */
const MAX_PACKET = 65535;
/** Bytes of the longest frame that holds a packet of the interface whose path has no room for all (stream_frame.ts). */
const MAX_FRAME = ENGINE_MTU + FRAME_HEADER;
/** Room for all slots. */
const MAX_ROOM = SLOTS * (MAX_PACKET + 1);
/** Bytes of the address family before each packet. */
const FAMILY = 4;
/** A packet starts this far into its slot, so that it is 64-byte aligned and its family ends before it. */
const PACKET_START = 64;
/** Slots are apart by an odd number of cache lines, so that their headers do not all fall into one cache set. */
const SLOT_SIZE = PACKET_START + 65536 + 64;

/**
 * Moves packets of a utun interface. Each record on its socket is the packet behind four bytes that name its address
 * family, big-endian in both directions (utun_output and utun_ctl_send in bsd/net/if_utun.c).
 *
 * Reading: the family lands in the headroom of the slot, so that the packet itself is aligned and nothing is moved. A read takes a
 * whole batch, so its packets belong to any flows. Writing: the packet may lie anywhere, so nothing can be put before it; each
 * message has three iovecs instead: the family's four bytes, of which the whole port shares two copies, and the packet in one or two
 * pieces.
 */
export class DarwinTunPort implements TunPort {
  failure = 0;
  readonly #memory: PacketMemory;
  readonly #counters: CounterTable;
  readonly #slots: number;
  readonly #reading: MessageBatch;
  readonly #writing: MessageBatch;
  readonly #families: number;
  /** Of the large packets that are held. */
  readonly #segments: TxQueue;
  #next = 0;
  /** The last batch was not full: another one would find nothing, and poll(2) tells when that has changed. */
  #isDrained = false;
  #held = 0;
  readonly #failures = new ReadFailures(
    [darwinErrno.EAGAIN, darwinErrno.EINTR, darwinErrno.ENOBUFS, darwinErrno.ENOMEM],
    [darwinErrno.EBADF, darwinErrno.ENOTCONN, darwinErrno.ENOTSOCK, darwinErrno.ENXIO],
  );

  /** @param system the running system unless a test gives another */
  constructor(
    memory: PacketMemory,
    readonly descriptor: number,
    counters: CounterTable,
    system: DarwinSystem = darwinSystem(),
  ) {
    const { arena } = memory;
    this.#memory = memory;
    this.#counters = counters;
    this.#slots = arena.allocate(SLOTS * SLOT_SIZE, 64);
    this.#reading = new MessageBatch(memory, descriptor, SLOTS, 1, system);
    for (let slot = 0; slot < SLOTS; slot++) {
      arena.writeIovec(this.#reading.iovecs(slot), this.#packet(slot) - FAMILY, FAMILY + MAX_PACKET);
    }
    this.#families = arena.allocate(2 * FAMILY, 4);
    arena.u8[this.#families + 3] = AF_INET;
    arena.u8[this.#families + FAMILY + 3] = AF_INET6;
    this.#writing = new MessageBatch(memory, descriptor, WRITES, 3, system);
    this.#segments = new TxQueue(arena, SEGMENTS);
  }

  #packet(slot: number): number {
    return this.#slots + slot * SLOT_SIZE + PACKET_START;
  }

  read(list: TxQueue, _whole = false, room = MAX_ROOM): number {
    const most = Math.max(1, Math.floor((room + MAX_PACKET) / MAX_FRAME));
    for (;;) {
      if (this.#isDrained) return WOULD_BLOCK;
      const first = this.#next;
      const free = Math.min(SLOTS - first, list.free);
      if (free <= 0) return BATCH_FULL;
      const count = Math.min(free, most);
      const taken = this.#reading.receive(first, count, 0);
      if (taken < 0) return this.#readFailed(this.#reading.failure);
      // What is not there is an error (EAGAIN); a socket that was shut down may have nothing for ever.
      if (taken === 0) return this.#readFailed(0);
      this.#failures.noteSuccess();
      this.#isDrained = taken < count;
      // A record of no bytes, which no packet makes, is the end: the interface was taken away.
      if (this.#reading.length(first) === 0) return this.#gone(darwinErrno.ENXIO);
      this.#next = first + taken;
      let appended = 0;
      for (let slot = first; slot < first + taken; slot++) appended += this.#append(list, slot);
      if (appended > 0) return appended;
    }
  }

  /** Appends the packet of a slot, unless its record is no packet; returns how many it appended. */
  #append(list: TxQueue, slot: number): number {
    const { u8 } = this.#memory.arena;
    const packet = this.#packet(slot);
    const length = this.#reading.length(slot) - FAMILY;
    const family = u8[packet - 1];
    const isOther = (u8[packet - 4] | u8[packet - 3] | u8[packet - 2]) !== 0 ||
      (family !== AF_INET && family !== AF_INET6);
    if (length <= 0 || isOther) {
      this.#counters[Counter["drop.malformed"]]++;
      return 0;
    }
    list.pushWhole(packet, length);
    return 1;
  }

  /** @param number errno, 0 if the read brought nothing and no error */
  #readFailed(number: number): number {
    if (this.#failures.isNothing(number)) return WOULD_BLOCK;
    if (this.#failures.isFatal(number)) return this.#gone(number === 0 ? darwinErrno.ENXIO : number);
    this.#counters[Counter["drop.malformed"]]++;
    return WOULD_BLOCK;
  }

  #gone(number: number): number {
    this.failure = number;
    return DEVICE_ERROR;
  }

  release(): void {
    this.#next = 0;
    this.#isDrained = false;
  }

  write(packet: number, length: number): void {
    const { arena } = this.#memory;
    const version = arena.u8[packet] >>> 4;
    if (version !== 4 && version !== 6) {
      this.#counters[Counter["drop.malformed"]]++;
      return;
    }
    this.#hold(packet, length, packet, 0);
  }

  writeLarge(large: number, length: number): void {
    const { arena: { u8 }, sum } = this.#memory;
    const packet = large + LARGE_HEADER;
    const isTcp = isLargeTcp(largeType(u8, large));
    const size = segmentSizeWithin(
      ENGINE_MTU,
      largeHeaderLength(u8, large),
      largeSegmentSize(u8, large),
      isTcp,
    );
    const list = this.#segments;
    let count = 0;
    if (size > 0) {
      const transport = largeTransport(u8, large);
      const total = length - LARGE_HEADER;
      count = appendLargeSegments(list, sum, packet, total, transport, size, isTcp);
      if (count === QUEUE_FULL) {
        this.flush();
        count = appendLargeSegments(list, sum, packet, total, transport, size, isTcp);
      }
    }
    if (count <= 0) this.#counters[Counter["drop.tunWriteFailed"]]++;
    for (let index = list.count - count; count > 0 && index < list.count; index++) {
      const payload = list.payloadLength(index);
      this.#hold(list.headers[index], list.lengths[index] - payload, list.payload(index), payload);
    }
  }

  /** utun has no offload, and the desktop forwards nothing: packets end there. */
  cutTcp(_longest: number): void {}

  /** Holds a packet in two pieces until it is written. */
  #hold(header: number, headerLength: number, payload: number, payloadLength: number): void {
    const { arena } = this.#memory;
    const isIpv4 = arena.u8[header] >>> 4 === 4;
    const iovec = this.#writing.iovecs(this.#held);
    arena.writeIovec(iovec, isIpv4 ? this.#families : this.#families + FAMILY, FAMILY);
    arena.writeIovec(iovec + IOVEC_SIZE, header, headerLength);
    arena.writeIovec(iovec + 2 * IOVEC_SIZE, payload, payloadLength);
    if (++this.#held === WRITES) this.#send();
  }

  flush(): void {
    this.#send();
    this.#segments.clear();
  }

  /** Sends what is held. */
  #send(): void {
    const count = this.#held;
    this.#held = 0;
    let tried = -1;
    for (let written = 0; written < count;) {
      const taken = this.#writing.send(written, count - written);
      if (taken > 0) {
        written += taken;
      } else if (this.#writing.failure === darwinErrno.EINTR && tried !== written) {
        tried = written;
      } else {
        // ENOBUFS and ENOSPC pass, ENOTCONN and EPIPE do not: then the next read says so. None is written twice.
        const refused = this.#writing.mayHaveSent ? count - written : 1;
        this.#counters[Counter["drop.tunWriteFailed"]] += refused;
        written += refused;
      }
    }
  }
}
