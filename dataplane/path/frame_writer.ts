/**
 * The sending half of the engine path: datagrams become frames of core/protocol/stream_frame.ts, as many of them as one call
 * takes, and what the stream does not take at once is kept until it does.
 *
 * @module
 */
import { Counter, type CounterTable } from "../../core/counters.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, type TxQueue } from "../../core/packet/tx_queue.ts";
import {
  CREDIT_LENGTH,
  creditAhead,
  FRAME_HEADER,
  FRAME_LARGE,
  LARGE_HEADER,
  MAX_FRAME_PAYLOAD,
  writeCreditFrame,
  writeFrameHeader,
} from "../../core/protocol/stream_frame.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { MAX_IOVECS, STREAM_ENDED, type StreamPort } from "../../ffi/stream/stream_port.ts";

/** iovecs of one frame: its headers, then those of its datagram. */
const IOVECS_PER_FRAME = 1 + IOVECS_PER_DATAGRAM;
/** Frames of one call, behind a credit. */
const FRAMES = Math.floor((MAX_IOVECS - 1) / IOVECS_PER_FRAME);
/** Bytes of a credit's frame. */
const CREDIT_FRAME = FRAME_HEADER + CREDIT_LENGTH;
/** Bytes of the longest frame. */
export const MAX_FRAME: number = FRAME_HEADER + MAX_FRAME_PAYLOAD;
/** Bytes that wait for the stream: more than all that the other end grants. */
const WAITING_SIZE = 1 << 20;

export class FrameWriter {
  /** The stream takes nothing (any more). */
  hasEnded = true;
  /** Octets of packet frames so far, and how many there may be, both modulo 2^32 and signed. */
  #sent = 0;
  #limit = 0;
  readonly #headers: number;
  /** Those of a call's frames; the one before them is the credit's. */
  readonly #iovecs: number;
  readonly #pointer: Deno.PointerValue;
  readonly #creditPointer: Deno.PointerValue;
  readonly #credit: number;
  readonly #message: number;
  /** The bytes that wait, from `#first` to before `#last`. */
  readonly #waiting: number;
  #first = 0;
  #last = 0;

  constructor(readonly memory: PacketMemory, readonly port: StreamPort, readonly counters: CounterTable) {
    const { arena } = memory;
    this.#headers = arena.allocate(FRAMES * FRAME_HEADER, 64);
    this.#credit = arena.allocate(CREDIT_FRAME, 8);
    const creditIovec = arena.allocate((1 + FRAMES * IOVECS_PER_FRAME) * IOVEC_SIZE, 16);
    arena.writeIovec(creditIovec, this.#credit, CREDIT_FRAME);
    this.#iovecs = creditIovec + IOVEC_SIZE;
    this.#creditPointer = memory.pointer(creditIovec);
    this.#pointer = memory.pointer(this.#iovecs);
    this.#message = arena.allocate(MAX_FRAME, 64);
    this.#waiting = arena.allocate(WAITING_SIZE, 64);
  }

  /** Begins a stream, or ends it. */
  restart(isOpen: boolean): void {
    this.hasEnded = !isOpen;
    this.#sent =
      this.#limit =
      this.#first =
      this.#last =
        0;
  }

  /** Whether bytes wait for the stream. */
  get isWaiting(): boolean {
    return this.#first < this.#last;
  }

  /** Octets of packet frames that the other end takes now. */
  get credit(): number {
    return this.isWaiting || this.hasEnded ? 0 : creditAhead(this.#limit, this.#sent);
  }

  /** The other end takes so many octets in total. */
  grant(limit: number): void {
    if (creditAhead(limit, this.#limit) > 0) this.#limit = limit | 0;
  }

  /**
   * Sends the datagrams of the list that have an endpoint; those beyond the credit are dropped and counted.
   *
   * @param isCreditDue whether the other end is to hear of credit with them
   * @param limit that credit, as in {@linkcode sendCredit}
   * @returns whether it was sent: not without a datagram
   */
  send(list: TxQueue, isCreditDue: boolean, limit: number): boolean {
    if (isCreditDue) writeCreditFrame(this.memory.arena.u8, this.#credit, limit);
    let hasCredit = isCreditDue;
    let frames = 0;
    let packets = 0;
    let bytes = 0;
    /** What the next call writes. */
    let next = CREDIT_FRAME;
    for (let index = 0; index < list.count; index++) {
      if (list.endpoints[index] < 0) continue;
      const isLarge = list.large[index] !== 0;
      const length = list.lengths[index];
      const size = FRAME_HEADER + (isLarge ? LARGE_HEADER : 0) + length;
      if (this.hasEnded || creditAhead(this.#limit, this.#sent) < size || this.#free < next + size) {
        this.counters[Counter["drop.sendBufferFull"]]++;
        continue;
      }
      this.#sent = this.#sent + size | 0;
      this.#layOut(list, index, frames++, length, isLarge);
      packets++;
      bytes += length;
      next += size;
      if (frames === FRAMES) {
        this.#write(frames, hasCredit);
        hasCredit = false;
        frames = 0;
        next = CREDIT_FRAME;
      }
    }
    if (frames > 0) this.#write(frames, hasCredit);
    this.counters[Counter["outbound.packets"]] += packets;
    this.counters[Counter["outbound.bytes"]] += bytes;
    return isCreditDue && packets > 0;
  }

  /** Sends a message, whose first octet is its kind; false if it does not fit behind what waits. */
  sendMessage(bytes: Uint8Array, at: number, length: number): boolean {
    const { u8 } = this.memory.arena;
    if (this.hasEnded || this.#free < FRAME_HEADER + length) return false;
    writeFrameHeader(u8, this.#message, bytes[at], length);
    for (let index = 0; index < length; index++) u8[this.#message + FRAME_HEADER + index] = bytes[at + index];
    this.#writePlain(FRAME_HEADER + length);
    return true;
  }

  /** Tells the other end how many octets of packet frames it may send in total; false if that does not fit behind what waits. */
  sendCredit(limit: number): boolean {
    if (this.hasEnded || this.#free < CREDIT_FRAME) return false;
    writeCreditFrame(this.memory.arena.u8, this.#message, limit);
    this.#writePlain(CREDIT_FRAME);
    return true;
  }

  /** Writes what waits, as far as the stream takes it. */
  proceed(): void {
    if (!this.isWaiting) return;
    const taken = this.port.writeFrom(this.#waiting + this.#first, this.#last - this.#first);
    if (taken === STREAM_ENDED) return this.#end();
    this.#first += taken;
    if (this.#first === this.#last) this.#first = this.#last = 0;
  }

  get #free(): number {
    return WAITING_SIZE - this.#last;
  }

  #layOut(list: TxQueue, index: number, frame: number, length: number, isLarge: boolean): void {
    const { arena } = this.memory;
    const { u8, u32 } = arena;
    const header = this.#headers + frame * FRAME_HEADER;
    const packet = list.headers[index];
    const before = isLarge ? LARGE_HEADER : 0;
    writeFrameHeader(u8, header, isLarge ? FRAME_LARGE : u8[packet] >>> 4, before + length);
    const iovec = this.#iovecs + frame * IOVECS_PER_FRAME * IOVEC_SIZE;
    arena.writeIovec(iovec, header, FRAME_HEADER);
    const from = (list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE) >> 2;
    const to = (iovec + IOVEC_SIZE) >> 2;
    for (let word = 0; word < IOVECS_PER_DATAGRAM * IOVEC_SIZE >> 2; word++) {
      u32[to + word] = u32[from + word];
    }
    // A large packet is in one piece, behind its 8 octets.
    if (isLarge) arena.writeIovec(iovec + IOVEC_SIZE, packet - LARGE_HEADER, LARGE_HEADER + length);
  }

  /** Writes the frames that are laid out, behind what waits, and a credit before them. */
  #write(frames: number, hasCredit: boolean): void {
    const first = hasCredit ? -1 : 0;
    const end = frames * IOVECS_PER_FRAME;
    if (this.isWaiting) return this.#keep(first, end, 0);
    const taken = this.port.write(hasCredit ? this.#creditPointer : this.#pointer, end - first);
    if (taken === STREAM_ENDED) this.#end();
    else this.#keep(first, end, taken);
  }

  /** Keeps what is left of the iovecs from `first` to before `end` when the first `taken` bytes are gone. */
  #keep(first: number, end: number, taken: number): void {
    const { arena } = this.memory;
    let gone = taken;
    for (let index = first; index < end; index++) {
      const iovec = this.#iovecs + index * IOVEC_SIZE;
      const length = arena.u32[(iovec >> 2) + 2];
      if (gone >= length) {
        gone -= length;
        continue;
      }
      const from = arena.readAddress(iovec) + gone;
      const left = length - gone;
      gone = 0;
      arena.u8.copyWithin(this.#waiting + this.#last, from, from + left);
      this.#last += left;
    }
  }

  /** Writes `length` bytes of the message's room, behind what waits. */
  #writePlain(length: number): void {
    const { arena } = this.memory;
    let taken = 0;
    if (!this.isWaiting) {
      taken = this.port.writeFrom(this.#message, length);
      if (taken === STREAM_ENDED) return this.#end();
    }
    if (taken === length) return;
    arena.u8.copyWithin(this.#waiting + this.#last, this.#message + taken, this.#message + length);
    this.#last += length - taken;
  }

  #end(): void {
    this.hasEnded = true;
    this.#first = this.#last = 0;
  }
}
