import { Counter, type CounterTable } from "../../core/counters.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, type TxQueue } from "../../core/packet/tx_queue.ts";
import { MSG_TRUNC } from "../libc/constants_darwin.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { SOCKADDR_IN } from "../libc/layout_darwin.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { MessageBatch } from "./message_batch_darwin.ts";
import { SOCKET_ADDRESS_CAPACITY } from "./socket_address.ts";
import {
  AddressedPort,
  RECEIVE_CAPACITY,
  RECEIVE_FAILED,
  type UdpAttachment,
  type UdpPort,
} from "./udp_port.ts";

/** Datagrams of one receive call. */
const RECEIVE_MESSAGES = 64;
/** Datagrams of one send call. */
const SEND_MESSAGES = 64;

/**
 * Moves datagrams of a macOS UDP socket in batches. The kernel has neither GSO nor GRO: a message is always one datagram.
 */
export class DarwinUdpPort extends AddressedPort implements UdpPort {
  /** No offload is requested. */
  readonly unsupported = 0;
  readonly #receiving: MessageBatch;
  readonly #sending: MessageBatch;
  /** The list's datagram that each prepared message carries. */
  readonly #datagrams = new Int32Array(SEND_MESSAGES);

  /** @param system the running system unless a test gives another */
  constructor(
    memory: PacketMemory,
    attachment: UdpAttachment,
    counters: CounterTable,
    system: DarwinSystem = darwinSystem(),
  ) {
    super(memory, attachment, counters, RECEIVE_MESSAGES, SOCKADDR_IN.start);
    this.#receiving = new MessageBatch(memory, this.descriptor, RECEIVE_MESSAGES, 1, system);
    for (let message = 0; message < RECEIVE_MESSAGES; message++) {
      memory.arena.writeIovec(this.#receiving.iovecs(message), this.messageOffset(message), RECEIVE_CAPACITY);
      this.#receiving.setName(message, this.sourceOffset(message), SOCKET_ADDRESS_CAPACITY);
    }
    this.#sending = new MessageBatch(memory, this.descriptor, SEND_MESSAGES, 1, system);
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
        if (messages > 0 && list.endpoints[next] !== endpoint && !this.connected) break;
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
    if (this.connected) return;
    const endpoint = list.endpoints[datagram];
    const address = this.endpoints + endpoint * SOCKET_ADDRESS_CAPACITY;
    this.#sending.setName(message, address, this.endpointLengths[endpoint]);
  }

  #sendPrepared(list: TxQueue, messages: number): void {
    let tried = -1;
    for (let sent = 0; sent < messages;) {
      const taken = this.#sending.send(sent, messages - sent);
      if (taken > 0) {
        this.counters[Counter["outbound.packets"]] += taken;
        for (const end = sent + taken; sent < end; sent++) {
          this.counters[Counter["outbound.bytes"]] += list.lengths[this.#datagrams[sent]];
        }
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
    return this.connected && number === darwinErrno.ECONNREFUSED;
  }

  #countRefused(isFull: boolean, datagrams: number): void {
    this.counters[isFull ? Counter["drop.sendBufferFull"] : Counter["drop.sendFailed"]] += datagrams;
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

  messageLength(message: number): number {
    return this.#receiving.length(message);
  }

  messageStride(message: number): number {
    return this.#receiving.length(message);
  }

  messageIsTruncated(message: number): boolean {
    return (this.#receiving.flags(message) & MSG_TRUNC) !== 0;
  }
}
