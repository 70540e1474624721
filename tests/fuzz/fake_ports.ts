/**
 * A socket and an interface in memory: the packet code has the datagrams of a test before it, and every octet that it touches is
 * looked at.
 *
 * @module
 */
import assert from "node:assert/strict";
import { IOVECS_PER_DATAGRAM, type TxQueue } from "../../core/packet/tx_queue.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { mixHash } from "../../core/sharing/slot_table.ts";
import { LARGE_HEADER } from "../../core/protocol/stream_frame.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import { BATCH_FULL, type TunPort, WOULD_BLOCK } from "../../ffi/tun/tun.ts";
import { SOCKET_ADDRESS_CAPACITY } from "../../ffi/udp/socket_address.ts";
import type { UdpPort } from "../../ffi/udp/udp_socket.ts";
import { MAX_INPUT } from "./mutate_bytes.ts";

/** Octets before and behind a datagram that nobody may write. */
const GUARD = 512;
const GUARD_OCTET = 0xa5;

/** A socket that has received one message, and keeps the lengths of what is sent. */
export class MemoryUdpPort implements UdpPort {
  readonly descriptor = -1;
  readonly unsupported = 0;
  readonly failure = 0;
  /** Datagrams that were sent: to which endpoint, and their octets. */
  sent: { readonly endpoint: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];
  readonly #at: number;
  readonly #endpoints = new Map<number, Uint8Array>();
  #length = 0;
  #stride = 0;
  #source: Uint8Array = new Uint8Array();
  #hasMessage = false;

  constructor(readonly memory: PacketMemory, readonly connected: boolean) {
    this.#at = memory.arena.allocate(GUARD + MAX_INPUT + GUARD, 64) + GUARD;
  }

  /** Lays a message out; `stride` cuts it into datagrams. */
  lay(bytes: Uint8Array, stride: number, source: Uint8Array): void {
    const { u8 } = this.memory.arena;
    u8.fill(GUARD_OCTET, this.#at - GUARD, this.#at);
    u8.set(bytes, this.#at);
    u8.fill(GUARD_OCTET, this.#at + bytes.length, this.#at + bytes.length + GUARD);
    [this.#length, this.#stride, this.#source, this.#hasMessage] = [bytes.length, stride, source, true];
  }

  /** Fails when something was written around the message. */
  checkGuards(): void {
    const { u8 } = this.memory.arena;
    for (let index = 0; index < GUARD; index++) {
      const isIntact = u8[this.#at - 1 - index] === GUARD_OCTET &&
        u8[this.#at + this.#length + index] === GUARD_OCTET;
      assert.ok(isIntact, `written ${index + 1} octets beside a message of ${this.#length}`);
    }
  }

  /** Whether the octets lie in the message. */
  holds(at: number, length: number): boolean {
    return at >= this.#at && at + length <= this.#at + this.#length;
  }

  setEndpoint(index: number, socketAddress: Uint8Array): void {
    if (socketAddress.length === 0) this.#endpoints.delete(index);
    else this.#endpoints.set(index, socketAddress.slice());
  }

  /** The endpoint with this index as text; undefined: it has none. */
  endpoint(index: number): string | undefined {
    return this.#endpoints.get(index)?.toHex();
  }

  send(list: TxQueue): void {
    const { arena } = list;
    for (let index = 0; index < list.count; index++) {
      if (list.endpoints[index] < 0) continue;
      const bytes = new Uint8Array(list.lengths[index]);
      let filled = 0;
      for (let piece = 0; piece < IOVECS_PER_DATAGRAM; piece++) {
        const iovec = list.iovecs + (index * IOVECS_PER_DATAGRAM + piece) * IOVEC_SIZE;
        const from = arena.readAddress(iovec);
        const length = arena.u32[(iovec >> 2) + 2];
        assert.ok(from >= 0 && from + length <= arena.u8.length, "sent from outside the memory");
        bytes.set(arena.u8.subarray(from, from + length), filled);
        filled += length;
      }
      assert.equal(filled, bytes.length, "the pieces are as long as the datagram");
      this.sent.push({ endpoint: list.endpoints[index], bytes });
    }
  }

  receive(): number {
    const count = this.#hasMessage ? 1 : 0;
    this.#hasMessage = false;
    return count;
  }

  messageOffset(): number {
    return this.#at;
  }

  messageLength(): number {
    return this.#length;
  }

  messageStride(): number {
    return this.#stride;
  }

  messageIsFrom(_message: number, index: number): boolean {
    if (this.connected) return true;
    const endpoint = this.#endpoints.get(index);
    return endpoint !== undefined && endpoint.every((octet, at) => octet === this.#source[at]);
  }

  messageSourceHash(_message: number, seed: number): number {
    return this.#source.reduce((hash, octet) => mixHash(hash, octet), seed);
  }

  endpointHash(index: number, seed: number): number {
    const endpoint = this.#endpoints.get(index) ?? new Uint8Array();
    return endpoint.reduce((hash, octet) => mixHash(hash, octet), seed);
  }

  messageSource(): Uint8Array<ArrayBuffer> {
    const source = new Uint8Array(SOCKET_ADDRESS_CAPACITY);
    source.set(this.#source);
    return source;
  }

  messageIsTruncated(): boolean {
    return false;
  }
}

/** An interface that has one packet to read, and counts what is written to it. */
export class MemoryTunPort implements TunPort {
  readonly descriptor = -1;
  readonly failure = 0;
  /** Packets that were written, and flushed. */
  written = 0;
  #queued = 0;
  /** Looks at each packet that is written. */
  onWrite: (packet: Uint8Array) => void = () => {};
  /** Puts the packet into the list; returns what read() returns. */
  source: ((list: TxQueue, whole: boolean) => number) | undefined;

  constructor(readonly memory: PacketMemory) {}

  read(list: TxQueue, whole = false): number {
    const { source } = this;
    this.source = undefined;
    if (source === undefined) return WOULD_BLOCK;
    const taken = source(list, whole);
    return taken < 0 ? BATCH_FULL : taken;
  }

  release(): void {}

  write(packet: number, length: number): void {
    const { u8 } = this.memory.arena;
    assert.ok(length >= 20 && packet >= 0 && packet + length <= u8.length, "a packet outside the memory");
    assert.ok([4, 6].includes(u8[packet] >>> 4), "no packet");
    this.onWrite(u8.subarray(packet, packet + length));
    this.#queued++;
  }

  writeLarge(large: number, length: number): void {
    this.write(large + LARGE_HEADER, length - LARGE_HEADER);
  }

  cutTcp(): void {}

  flush(): void {
    this.written += this.#queued;
    this.#queued = 0;
  }
}
