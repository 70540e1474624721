/**
 * The datagram side of a UDP socket, in the Worker: what the packet loop sees of it, and what both systems' ports share.
 *
 * @module
 */
import type { CounterTable } from "../../core/counters.ts";
import type { TxQueue } from "../../core/packet/tx_queue.ts";
import { mixHash } from "../../core/sharing/slot_table.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { SOCKET_ADDRESS_CAPACITY } from "./socket_address.ts";

/** A socket as the Worker needs it. */
export interface UdpAttachment {
  readonly descriptor: number;
  /** Connected sockets send without an address, and the kernel drops what comes from others. */
  readonly connected: boolean;
  /** Let the kernel segment and coalesce equal datagrams (Linux UDP_SEGMENT, UDP_GRO). */
  readonly offload: boolean;
}

/** Bits of {@linkcode UdpPort.unsupported}: the kernel does not coalesce received datagrams (UDP_GRO). */
export const NO_GRO = 1;
/** The kernel or the device below does not segment messages (UDP_SEGMENT). */
export const NO_GSO = 2;
/** Some datagrams exceed the path's MTU, so the kernel does not segment them. */
export const EXCEEDS_PMTU = 4;

/** Result of {@linkcode UdpPort.receive}: the socket is gone. */
export const RECEIVE_FAILED = -1;

/** Number of endpoints. */
export const ENDPOINTS = 1024;
/** More than the longest datagram, which batches of macOS need: they do not report truncation. */
export const RECEIVE_CAPACITY = 65536;
/** Buffers are apart by an odd number of cache lines, so that packet headers spread over the cache sets. */
const RECEIVE_STRIDE = RECEIVE_CAPACITY + 64;

/** The datagram side of a socket, in the Worker. No method throws or allocates. */
export interface UdpPort {
  readonly descriptor: number;
  /** Names the endpoint of index `index` (see `TxQueue.endpoints`) as the kernel's socket address. */
  setEndpoint(index: number, socketAddress: Uint8Array): void;
  /** Sends the whole list; what cannot be sent is counted. The list's datagrams may be reused afterwards. */
  send(list: TxQueue): void;
  /**
   * Receives what is there, up to a batch.
   *
   * @returns the number of messages received, 0 when nothing is there, or {@linkcode RECEIVE_FAILED}
   */
  receive(): number;
  /** Byte offset of message `message`: one or more datagrams of one sender, back to back. */
  messageOffset(message: number): number;
  /** Bytes of the whole message. */
  messageLength(message: number): number;
  /** Bytes of each datagram of the message but the last, which may be shorter. */
  messageStride(message: number): number;
  /** Whether the message came from the endpoint with this index; always true on a connected socket. */
  messageIsFrom(message: number, index: number): boolean;
  /** A number for the sender's address and port; the same as {@linkcode endpointHash} of the same seed. Not for connected sockets. */
  messageSourceHash(message: number, seed: number): number;
  /** The same for the endpoint with this index, which has one. */
  endpointHash(index: number, seed: number): number;
  /** Copies the sender's socket address. */
  messageSource(message: number): Uint8Array<ArrayBuffer>;
  /** Whether the message was too long for the buffer, so that the kernel truncated it. */
  messageIsTruncated(message: number): boolean;
  /** Offload that the kernel lacks, as bits; none is ever cleared. */
  readonly unsupported: number;
  /** The errno of the last {@linkcode RECEIVE_FAILED}. */
  readonly failure: number;
}

/**
 * What is alike on both systems: the buffers of received messages, and the socket addresses of senders and of endpoints. A process
 * has the port of one system, so calls of these methods stay monomorphic.
 */
export abstract class AddressedPort {
  readonly descriptor: number;
  failure = 0;
  protected readonly memory: PacketMemory;
  protected readonly counters: CounterTable;
  protected readonly connected: boolean;
  /** Byte offset of the endpoints' socket addresses. */
  protected readonly endpoints: number;
  protected readonly endpointLengths = new Int32Array(ENDPOINTS);
  readonly #buffers: number;
  readonly #sources: number;
  readonly #ipv4: number;

  /**
   * @param messages of one receive call
   * @param ipv4 the first two bytes of an IPv4 socket address, as a number in the host's order
   */
  constructor(
    memory: PacketMemory,
    { descriptor, connected }: UdpAttachment,
    counters: CounterTable,
    messages: number,
    ipv4: number,
  ) {
    this.descriptor = descriptor;
    this.memory = memory;
    this.counters = counters;
    this.connected = connected;
    this.#ipv4 = ipv4;
    this.#buffers = memory.arena.allocate(messages * RECEIVE_STRIDE, 64);
    this.#sources = memory.arena.allocate(messages * SOCKET_ADDRESS_CAPACITY, 64);
    this.endpoints = memory.arena.allocate(ENDPOINTS * SOCKET_ADDRESS_CAPACITY, 64);
  }

  setEndpoint(index: number, socketAddress: Uint8Array): void {
    this.memory.arena.u8.set(socketAddress, this.endpoints + index * SOCKET_ADDRESS_CAPACITY);
    this.endpointLengths[index] = socketAddress.length;
  }

  messageOffset(message: number): number {
    return this.#buffers + message * RECEIVE_STRIDE;
  }

  /** Byte offset of the socket address that message `message` came from. */
  protected sourceOffset(message: number): number {
    return this.#sources + message * SOCKET_ADDRESS_CAPACITY;
  }

  messageSource(message: number): Uint8Array<ArrayBuffer> {
    const at = this.sourceOffset(message);
    return this.memory.arena.u8.slice(at, at + SOCKET_ADDRESS_CAPACITY) as Uint8Array<ArrayBuffer>;
  }

  messageIsFrom(message: number, index: number): boolean {
    if (this.connected) return true;
    if (this.endpointLengths[index] === 0) return false;
    const { u32 } = this.memory.arena;
    const source = (this.#sources + message * SOCKET_ADDRESS_CAPACITY) >> 2;
    const endpoint = (this.endpoints + index * SOCKET_ADDRESS_CAPACITY) >> 2;
    // Family and port; the length byte of macOS follows from the family.
    if (u32[source] !== u32[endpoint]) return false;
    if ((u32[source] & 0xffff) === this.#ipv4) return u32[source + 1] === u32[endpoint + 1];
    return u32[source + 2] === u32[endpoint + 2] && u32[source + 3] === u32[endpoint + 3] &&
      u32[source + 4] === u32[endpoint + 4] && u32[source + 5] === u32[endpoint + 5] &&
      u32[source + 6] === u32[endpoint + 6];
  }

  messageSourceHash(message: number, seed: number): number {
    return this.#hash(this.sourceOffset(message), seed);
  }

  endpointHash(index: number, seed: number): number {
    return this.#hash(this.endpoints + index * SOCKET_ADDRESS_CAPACITY, seed);
  }

  /** Of what {@linkcode messageIsFrom} compares. */
  #hash(socketAddress: number, seed: number): number {
    const { u32 } = this.memory.arena;
    const at = socketAddress >> 2;
    let hash = mixHash(seed, u32[at]);
    if ((u32[at] & 0xffff) === this.#ipv4) return mixHash(hash, u32[at + 1]);
    for (let word = at + 2; word < at + 7; word++) hash = mixHash(hash, u32[word]);
    return hash;
  }
}
