/**
 * Datagrams in batches on macOS. The kernel has neither GSO nor GRO: a message is always one datagram.
 *
 * @module
 */
import { Counter, type CounterTable } from "../../core/counters.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, type TxQueue } from "../../core/packet/tx_queue.ts";
import { mixHash } from "../../core/sharing/source_hash.ts";
import { AF_INET, MSG_TRUNC } from "../libc/constants_darwin.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import { MessageBatch } from "./message_batch_darwin.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { SOCKET_ADDRESS_CAPACITY } from "./socket_address_darwin.ts";
import { RECEIVE_FAILED, type UdpAttachment, type UdpPort } from "./udp_socket.ts";

/** Datagrams of one receive call. */
const RECEIVE_MESSAGES = 64;
/** Datagrams of one send call. */
const SEND_MESSAGES = 64;
/** More than the longest datagram: batches do not report truncation. */
const RECEIVE_CAPACITY = 65536;
/** Buffers are apart by an odd number of cache lines, so that packet headers spread over the cache sets. */
const RECEIVE_STRIDE = RECEIVE_CAPACITY + 64;
/** Number of endpoints. */
const ENDPOINTS = 1024;

/** Moves datagrams of a macOS UDP socket. */
export class DarwinUdpPort implements UdpPort {
  readonly descriptor: number;
  failure = 0;
  /** No offload is requested. */
  readonly unsupported = 0;
  readonly #memory: PacketMemory;
  readonly #counters: CounterTable;
  readonly #connected: boolean;
  readonly #receiving: MessageBatch;
  readonly #sending: MessageBatch;
  readonly #buffers: number;
  readonly #sources: number;
  /** The list's datagram that each prepared message carries. */
  readonly #datagrams = new Int32Array(SEND_MESSAGES);
  readonly #endpoints: number;
  readonly #endpointLengths = new Int32Array(ENDPOINTS);

  /** @param system the running system unless a test gives another */
  constructor(
    memory: PacketMemory,
    attachment: UdpAttachment,
    counters: CounterTable,
    system: DarwinSystem = darwinSystem(),
  ) {
    const { arena } = memory;
    this.descriptor = attachment.descriptor;
    this.#memory = memory;
    this.#counters = counters;
    this.#connected = attachment.connected;
    this.#buffers = arena.allocate(RECEIVE_MESSAGES * RECEIVE_STRIDE, 64);
    this.#sources = arena.allocate(RECEIVE_MESSAGES * SOCKET_ADDRESS_CAPACITY, 64);
    const iovecs = arena.allocate(RECEIVE_MESSAGES * IOVEC_SIZE, 16);
    this.#receiving = new MessageBatch(memory, this.descriptor, RECEIVE_MESSAGES, 1, system);
    for (let message = 0; message < RECEIVE_MESSAGES; message++) {
      arena.writeIovec(iovecs + message * IOVEC_SIZE, this.messageOffset(message), RECEIVE_CAPACITY);
      this.#receiving.setIovecs(message, iovecs + message * IOVEC_SIZE);
      this.#receiving.setName(
        message,
        this.#sources + message * SOCKET_ADDRESS_CAPACITY,
        SOCKET_ADDRESS_CAPACITY,
      );
    }
    this.#endpoints = arena.allocate(ENDPOINTS * SOCKET_ADDRESS_CAPACITY, 64);
    this.#sending = new MessageBatch(memory, this.descriptor, SEND_MESSAGES, 1, system);
  }

  setEndpoint(index: number, socketAddress: Uint8Array): void {
    this.#memory.arena.u8.set(socketAddress, this.#endpoints + index * SOCKET_ADDRESS_CAPACITY);
    this.#endpointLengths[index] = socketAddress.length;
  }

  /**
   * A batch goes to one endpoint. Where one of many is lost, the kernel tells neither which datagram it refused nor how many it
   * had sent before; so a neighbour that is gone costs its own datagrams only, and none is sent twice.
   */
  send(list: TxQueue): void {
    for (let next = 0; next < list.count;) {
      let messages = 0;
      let endpoint = -1;
      for (; next < list.count && messages < SEND_MESSAGES; next++) {
        if (list.endpoints[next] < 0) continue;
        if (messages > 0 && list.endpoints[next] !== endpoint && !this.#connected) break;
        endpoint = list.endpoints[next];
        this.#prepare(list, messages++, next);
      }
      this.#sendPrepared(list, messages);
    }
  }

  /** Only the first iovec of a datagram counts: nothing is segmented here, so the second is empty. */
  #prepare(list: TxQueue, message: number, datagram: number): void {
    this.#datagrams[message] = datagram;
    this.#sending.setIovecs(message, list.iovecs + datagram * IOVECS_PER_DATAGRAM * IOVEC_SIZE);
    // A connected socket refuses an address (EISCONN).
    if (this.#connected) return;
    const endpoint = list.endpoints[datagram];
    const address = this.#endpoints + endpoint * SOCKET_ADDRESS_CAPACITY;
    this.#sending.setName(message, address, this.#endpointLengths[endpoint]);
  }

  #sendPrepared(list: TxQueue, messages: number): void {
    let tried = -1;
    for (let sent = 0; sent < messages;) {
      const taken = this.#sending.send(sent, messages - sent);
      if (taken > 0) {
        for (let message = sent; message < sent + taken; message++) this.#countSent(list, message);
        sent += taken;
        continue;
      }
      const { failure } = this.#sending;
      const isFull = failure === darwinErrno.ENOBUFS;
      if (isFull || (this.#sending.mayHaveSent && !this.#isReport(failure))) {
        // The kernel never tells when the interface has room again. Until then it would refuse the others as well.
        this.#countRefused(isFull, messages - sent);
        return;
      }
      // A first failure may be the report of an earlier datagram's fate, which the call has now cleared.
      if (tried === sent) {
        this.#countRefused(failure === darwinErrno.EAGAIN, 1);
        sent++;
      } else tried = sent;
    }
  }

  /**
   * Whether an error is about an earlier datagram for certain, and nothing was sent therefore: a connected socket looks for one
   * before the first message, and no interface refuses in these words.
   */
  #isReport(number: number): boolean {
    return this.#connected && number === darwinErrno.ECONNREFUSED;
  }

  #countSent(list: TxQueue, message: number): void {
    this.#counters[Counter["outbound.packets"]]++;
    this.#counters[Counter["outbound.bytes"]] += list.lengths[this.#datagrams[message]];
  }

  #countRefused(isFull: boolean, datagrams: number): void {
    this.#counters[isFull ? Counter["drop.sendBufferFull"] : Counter["drop.sendFailed"]] += datagrams;
  }

  receive(): number {
    const taken = this.#receiving.receive(0, RECEIVE_MESSAGES, SOCKET_ADDRESS_CAPACITY);
    if (taken >= 0) return taken;
    const number = this.#receiving.failure;
    // ECONNREFUSED and its like report what became of an earlier datagram; the socket is fine.
    if (number !== darwinErrno.EBADF && number !== darwinErrno.ENOTSOCK) return 0;
    this.failure = number;
    return RECEIVE_FAILED;
  }

  messageOffset(message: number): number {
    return this.#buffers + message * RECEIVE_STRIDE;
  }

  messageLength(message: number): number {
    return this.#receiving.length(message);
  }

  messageStride(message: number): number {
    return this.#receiving.length(message);
  }

  messageIsFrom(message: number, index: number): boolean {
    if (this.#connected) return true;
    if (this.#endpointLengths[index] === 0) return false;
    const { u32 } = this.#memory.arena;
    const source = (this.#sources + message * SOCKET_ADDRESS_CAPACITY) >> 2;
    const endpoint = (this.#endpoints + index * SOCKET_ADDRESS_CAPACITY) >> 2;
    // Family and port; the length byte before them follows from the family.
    if (u32[source] >>> 8 !== u32[endpoint] >>> 8) return false;
    if ((u32[source] >>> 8 & 0xff) === AF_INET) return u32[source + 1] === u32[endpoint + 1];
    return u32[source + 2] === u32[endpoint + 2] && u32[source + 3] === u32[endpoint + 3] &&
      u32[source + 4] === u32[endpoint + 4] && u32[source + 5] === u32[endpoint + 5] &&
      u32[source + 6] === u32[endpoint + 6];
  }

  messageSource(message: number): Uint8Array<ArrayBuffer> {
    const at = this.#sources + message * SOCKET_ADDRESS_CAPACITY;
    return this.#memory.arena.u8.slice(at, at + SOCKET_ADDRESS_CAPACITY) as Uint8Array<ArrayBuffer>;
  }

  messageIsTruncated(message: number): boolean {
    return (this.#receiving.flags(message) & MSG_TRUNC) !== 0;
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
    let hash = mixHash(seed, u32[at] >>> 8);
    if ((u32[at] >>> 8 & 0xff) === AF_INET) return mixHash(hash, u32[at + 1]);
    for (let word = at + 2; word < at + 7; word++) hash = mixHash(hash, u32[word]);
    return hash;
  }
}
