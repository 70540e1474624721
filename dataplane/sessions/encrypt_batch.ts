import { createGatherCopy, type GatherCopy } from "../../core/memory/gather_copy.ts";
import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { IOVECS_PER_DATAGRAM, TxQueue } from "../../core/packet/tx_queue.ts";
import { SessionCounter } from "../../core/counters.ts";
import { TRANSPORT, TRANSPORT_HEADER } from "../../core/wireguard/message.ts";
import { CIPHER_PADDING, CIPHER_TAG, type PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import type { UdpPort } from "../../ffi/udp/udp_socket.ts";
import type { SessionEvent } from "../worker_channel.ts";
import { SESSION_STATS, type SessionMemory, SessionStat } from "./session_memory.ts";
import { sendKeyOf, type SessionTable } from "./session_table.ts";

/** Datagrams of one batch: more than a batch of the interface has of full packets. */
const CAPACITY = 512;
/** Bytes of a cell; a longer message has several. Cells have few addresses, so their pointers can be cached. */
const PLACE = 2048;
/** Where `struct iovec` has its length. */
const IOVEC_LENGTH = 8;
/** Bytes around a text. */
const OVERHEAD = TRANSPORT_HEADER + CIPHER_PADDING + CIPHER_TAG;

/**
 * Sends packets to sessions: each is encrypted into a cell of its own, and all of a batch go out in one call. The kernel
 * segments neighbours of equal length from one message.
 */
export class EncryptBatch {
  /** The time of the batch, on the scale of `monotonicNow`. */
  now = 0;
  readonly #pieces: GatherCopy;
  readonly #list: TxQueue;
  readonly #places: number;
  #nextPlace = 0;

  constructor(
    readonly memory: PacketMemory,
    readonly udp: UdpPort,
    readonly table: SessionTable,
    readonly cipher: PacketCipher,
    readonly shared: SessionMemory,
    readonly post: (event: SessionEvent) => void,
  ) {
    this.#pieces = createGatherCopy(memory.memory, memory.memory);
    this.#list = new TxQueue(memory.arena, CAPACITY);
    this.#places = memory.arena.allocate(CAPACITY * PLACE, 64);
  }

  /** Queues a packet in two pieces for a session that exists; their memory may be reused at once. */
  enqueue(slot: number, header: number, headerLength: number, payload: number, payloadLength: number): void {
    if (!this.#push(slot, header, headerLength, payload, payloadLength)) return;
    const { stats } = this.shared;
    const row = slot * SESSION_STATS;
    stats[row + SessionStat.sentPackets]++;
    stats[row + SessionStat.sentBytes] += headerLength + payloadLength;
    stats[row + SessionStat.dataSentAt] = this.now;
  }

  /** Queues a datagram of a list for a session that exists. */
  enqueueFrom(slot: number, list: TxQueue, index: number): void {
    const { arena } = this.memory;
    const header = list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE;
    const payload = header + IOVEC_SIZE;
    this.enqueue(
      slot,
      list.headers[index],
      arena.u32[(header + IOVEC_LENGTH) >> 2],
      arena.readAddress(payload),
      arena.u32[(payload + IOVEC_LENGTH) >> 2],
    );
  }

  /** Queues a control message; an empty one is a keepalive. */
  enqueueControl(slot: number, at: number, length: number): void {
    if (!this.#push(slot, at, 0, at, length) || length === 0) return;
    this.shared.stats[slot * SESSION_STATS + SessionStat.dataSentAt] = this.now;
  }

  /** Sends what is queued. */
  flush(): void {
    if (this.#list.count > 0) this.udp.send(this.#list);
    this.#list.clear();
    this.#nextPlace = 0;
  }

  #push(slot: number, header: number, headerLength: number, payload: number, payloadLength: number): boolean {
    const length = headerLength + payloadLength;
    const places = Math.ceil((length + OVERHEAD) / PLACE);
    if (this.#nextPlace + places > CAPACITY) this.flush();
    const out = this.#places + this.#nextPlace * PLACE;
    let total: number;
    if (this.table.isLegacy[slot] === 1) {
      this.#pieces.gather(out, header, headerLength, payload, payloadLength);
      total = length;
    } else total = this.#seal(slot, header, headerLength, payload, payloadLength, out);
    if (total === 0) {
      this.drop(slot, SessionCounter["drop.noSessionKey"]);
      return false;
    }
    this.#list.pushWhole(out, total);
    this.#list.endpoints[this.#list.count - 1] = slot;
    this.#nextPlace += places;
    this.shared.stats[slot * SESSION_STATS + SessionStat.sentAt] = this.now;
    return true;
  }

  /** Bytes of the whole message at `out`; 0 when there is no key. */
  #seal(
    slot: number,
    header: number,
    headerLength: number,
    payload: number,
    payloadLength: number,
    out: number,
  ): number {
    const table = this.table;
    const pair = table.current[slot];
    if (pair < 0 || this.now >= table.deadline[pair] || table.counter[pair] >= table.sendLimit[pair]) {
      if (table.isWanted[slot] === 0) this.post({ kind: "wanted", slot });
      table.isWanted[slot] = 1;
      return 0;
    }
    const counter = table.counter[pair]++;
    this.shared.stats[slot * SESSION_STATS + SessionStat.counter] = counter + 1;
    const { u32 } = this.memory.arena;
    const word = out >> 2;
    u32[word] = TRANSPORT;
    u32[word + 1] = table.remoteIndex[pair];
    u32[word + 2] = counter;
    u32[word + 3] = counter / 0x1_0000_0000;
    const text = out + TRANSPORT_HEADER;
    return TRANSPORT_HEADER +
      this.cipher.seal(sendKeyOf(pair), counter, header, headerLength, payload, payloadLength, text);
  }

  /** Counts a packet that a session sent or was to get. */
  drop(slot: number, reason: number): void {
    this.shared.counters[reason]++;
    this.shared.stats[slot * SESSION_STATS + SessionStat.dropped]++;
  }
}
