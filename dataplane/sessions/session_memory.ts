/**
 * What the data plane's Worker tells about sessions without messages: a block of shared memory with the counters of the exposed
 * socket, and for each session a row of numbers and its endpoint. The Worker alone writes, the main thread reads when it wants to
 * know. Numbers are doubles, each stored by one instruction.
 *
 * Times are milliseconds since 1970 on a scale that never goes back (performance.timeOrigin + performance.now), 0 for never.
 *
 * @module
 */
import { sessionCounterNames } from "../../core/session/session_counters.ts";

/** Where in its row a session's numbers are. */
export const Fact = {
  /** Packets and octets of packets sent to the session, and received from it, after the filters. */
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
  /** How often the endpoint has changed. */
  endpointGeneration: 10,
  /** Packets from and to the session that were dropped, by any filter. */
  dropped: 11,
} as const;

/** Numbers in a row. */
export const FACTS = 12;
/** Octets of an endpoint: a socket address of either family. */
export const ENDPOINT_ROOM = 32;
const DOUBLE = Float64Array.BYTES_PER_ELEMENT;
/** 32-bit words of the message counts. */
const WORDS = 4;
/** Messages of the exposed socket that may wait for the main thread; more are dropped and counted. */
export const SESSION_BACKLOG = 128;

/** The present time on the scale of the facts. */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}

/** The shared memory of one exposed socket. */
export class SessionMemory {
  /** In the order of `sessionCounterNames`. */
  readonly counters: Float64Array;
  /** Row after row. */
  readonly facts: Float64Array;
  readonly #endpoints: Uint8Array;
  readonly #words: Int32Array;

  /** @param buffer made by {@linkcode SessionMemory.allocate}, or by the other thread */
  constructor(readonly buffer: SharedArrayBuffer, readonly slots: number) {
    const counters = sessionCounterNames.length;
    this.counters = new Float64Array(buffer, 0, counters);
    this.facts = new Float64Array(buffer, counters * DOUBLE, slots * FACTS);
    const endpoints = (counters + slots * FACTS) * DOUBLE;
    this.#endpoints = new Uint8Array(buffer, endpoints, slots * ENDPOINT_ROOM);
    this.#words = new Int32Array(buffer, endpoints + slots * ENDPOINT_ROOM, WORDS);
  }

  static allocate(slots: number): SessionMemory {
    const size = (sessionCounterNames.length + slots * FACTS) * DOUBLE + slots * ENDPOINT_ROOM + WORDS * 4;
    return new SessionMemory(new SharedArrayBuffer(size), slots);
  }

  /** Worker: sets all facts of a session to zero, but for the generation of its endpoint, which goes on. */
  clear(slot: number): void {
    const row = slot * FACTS;
    const generation = this.facts[row + Fact.endpointGeneration] ?? 0;
    this.facts.fill(0, row, row + FACTS);
    this.facts[row + Fact.endpointGeneration] = generation;
  }

  /** Worker: names the endpoint of a session, none if it is empty. */
  setEndpoint(slot: number, socketAddress: Uint8Array): void {
    const at = slot * ENDPOINT_ROOM;
    this.#endpoints.fill(0, at, at + ENDPOINT_ROOM);
    this.#endpoints.set(socketAddress, at);
    this.facts[slot * FACTS + Fact.endpointGeneration]++;
  }

  /** Main thread: the endpoint of a session as a socket address with zeros behind it; undefined while it has none. */
  endpoint(slot: number): Uint8Array<ArrayBuffer> | undefined {
    const generation = slot * FACTS + Fact.endpointGeneration;
    for (;;) {
      const before = this.facts[generation];
      const bytes = new Uint8Array(ENDPOINT_ROOM);
      bytes.set(this.#endpoints.subarray(slot * ENDPOINT_ROOM, (slot + 1) * ENDPOINT_ROOM));
      // Changed while it was read: read again.
      if (this.facts[generation] !== before) continue;
      return bytes.some((octet) => octet !== 0) ? bytes : undefined;
    }
  }

  /** Worker: reserves a place for one more message; false when the main thread is too far behind. */
  noteMessage(): boolean {
    // The counts wrap at 2^31; their difference does too.
    if ((Atomics.load(this.#words, 0) - Atomics.load(this.#words, 1) | 0) >= SESSION_BACKLOG) return false;
    Atomics.add(this.#words, 0, 1);
    return true;
  }

  /** Main thread: one more message was taken. */
  noteMessageTaken(): void {
    Atomics.add(this.#words, 1, 1);
  }
}
