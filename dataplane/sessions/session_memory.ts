/**
 * Shared memory of the Worker and the main thread: the counters of the exposed socket, and a row of numbers and an endpoint for
 * each session. The Worker alone writes. Numbers are doubles, each stored by one instruction; an endpoint is longer, so it has
 * a generation. Times are monotonic milliseconds (performance.timeOrigin + performance.now), 0 for never.
 *
 * @module
 */
import { SESSION_COUNTER_BYTES, SessionCounter } from "../../core/counters.ts";
import { BACKLOG_BYTES, MessageBacklog } from "../message_budget.ts";

/** Positions of the numbers in a session's row. */
export const SessionStat = {
  /** Packets and bytes of packets sent to the session, and received from it, after the filters. */
  sentPackets: 0,
  sentBytes: 1,
  receivedPackets: 2,
  receivedBytes: 3,
  /** When a transport message with a packet or a text was last sent, and received. */
  dataSentAt: 4,
  dataReceivedAt: 5,
  /** When any transport message was last sent, and received: keepalives too. */
  sentAt: 6,
  receivedAt: 7,
  /** The counter of the next message by the key pair that is sent on. */
  counter: 8,
  /** The local index of the key pair that is sent on; 0 for none. */
  currentIndex: 9,
  /** Packets from and to the session that were dropped, by any filter. */
  dropped: 10,
} as const;

/** Numbers in a row. */
export const SESSION_STATS = 11;
/** Bytes of an endpoint: a socket address of either family. */
const ENDPOINT_CAPACITY = 32;
const ENDPOINT_WORDS = ENDPOINT_CAPACITY / 4;
const DOUBLE = Float64Array.BYTES_PER_ELEMENT;
/** Messages of the exposed socket that may wait for the main thread; more are dropped and counted. */
export const SESSION_BACKLOG = 128;

/** The monotonic time of the stats. */
export function monotonicNow(): number {
  return performance.timeOrigin + performance.now();
}

/** The shared memory of one exposed socket. */
export class SessionMemory extends MessageBacklog {
  /** In the order of `COUNTERS`. */
  readonly counters: Float64Array;
  /** Row after row. */
  readonly stats: Float64Array;
  /** By session: its endpoint. */
  readonly #endpoints: Int32Array;
  /** By session: twice the number of changes of its endpoint, odd during one (a seqlock). */
  readonly #generations: Int32Array;

  /** @param buffer made by {@linkcode SessionMemory.allocate}, or by the other thread */
  constructor(readonly buffer: SharedArrayBuffer, readonly slots: number) {
    const endpoints = SESSION_COUNTER_BYTES + slots * SESSION_STATS * DOUBLE;
    const generations = endpoints + slots * ENDPOINT_CAPACITY;
    super(buffer, generations + slots * 4, SESSION_BACKLOG);
    this.counters = new Float64Array(buffer, 0, SESSION_COUNTER_BYTES / DOUBLE);
    this.stats = new Float64Array(buffer, SESSION_COUNTER_BYTES, slots * SESSION_STATS);
    this.#endpoints = new Int32Array(buffer, endpoints, slots * ENDPOINT_WORDS);
    this.#generations = new Int32Array(buffer, generations, slots);
  }

  static allocate(slots: number): SessionMemory {
    const row = SESSION_STATS * DOUBLE + ENDPOINT_CAPACITY + 4;
    const size = SESSION_COUNTER_BYTES + slots * row + BACKLOG_BYTES;
    return new SessionMemory(new SharedArrayBuffer(size), slots);
  }

  /** Worker: a packet of the session has passed the filters. */
  countReceived(slot: number, length: number): void {
    const row = slot * SESSION_STATS;
    this.stats[row + SessionStat.receivedPackets]++;
    this.stats[row + SessionStat.receivedBytes] += length;
    this.counters[SessionCounter["inbound.packets"]]++;
    this.counters[SessionCounter["inbound.bytes"]] += length;
  }

  /** Worker: sets all stats of a session to zero. */
  clear(slot: number): void {
    this.stats.fill(0, slot * SESSION_STATS, (slot + 1) * SESSION_STATS);
  }

  /** How often the endpoint of a session has changed. */
  endpointGeneration(slot: number): number {
    return Atomics.load(this.#generations, slot) >>> 1;
  }

  /** Worker: sets the endpoint of a session; empty for none. */
  setEndpoint(slot: number, socketAddress: Uint8Array): void {
    const words = new Int32Array(ENDPOINT_WORDS);
    new Uint8Array(words.buffer).set(socketAddress);
    Atomics.add(this.#generations, slot, 1);
    words.forEach((word, index) => Atomics.store(this.#endpoints, slot * ENDPOINT_WORDS + index, word));
    Atomics.add(this.#generations, slot, 1);
  }

  /** Main thread: the endpoint of a session as a socket address with zeros behind it; undefined while it has none. */
  endpoint(slot: number): Uint8Array<ArrayBuffer> | undefined {
    const words = new Int32Array(ENDPOINT_WORDS);
    for (;;) {
      const before = Atomics.load(this.#generations, slot);
      for (let index = 0; index < ENDPOINT_WORDS; index++) {
        words[index] = Atomics.load(this.#endpoints, slot * ENDPOINT_WORDS + index);
      }
      // Changed during the read: read again. A change lasts less than a microsecond.
      if ((before & 1) !== 0 || Atomics.load(this.#generations, slot) !== before) continue;
      return words.some((word) => word !== 0) ? new Uint8Array(words.buffer) : undefined;
    }
  }
}
