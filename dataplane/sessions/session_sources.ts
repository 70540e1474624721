/**
 * Endpoints of sessions, in three places: the socket's port, the shared memory for the main thread, and a
 * table that finds the session of a source.
 *
 * @module
 */
import { SlotTable } from "../../core/sharing/slot_table.ts";
import type { SocketAddressCodec, UdpPort } from "../../ffi/udp/udp_socket.ts";
import type { EncryptBatch } from "./encrypt_batch.ts";
import type { SessionMemory } from "./session_memory.ts";

/** Sources remembered after their session has gone elsewhere or has ended, a power of two. */
const REMEMBERED = 1024;
/** Milliseconds that they are remembered: longer than a sleep or a change of networks interrupts a session. */
const REMEMBERED_FOR = 600_000;

/**
 * Source of a datagram to session. Hashes are those of the socket's port (`UdpPort.messageSourceHash`). Two
 * sources may have the same hash, so the caller compares the address of the found session.
 */
export class SourceTable {
  readonly #slots: SlotTable;
  /** By slot: its source, if it has one. */
  readonly #hash: Uint32Array;
  readonly #has: Uint8Array;
  /** Sources that sessions had, each at the place that its hash gives it. */
  readonly #remembered = new Uint32Array(REMEMBERED);
  readonly #rememberedAt = new Float64Array(REMEMBERED).fill(-Infinity);

  constructor(slots: number) {
    this.#slots = new SlotTable(slots);
    this.#hash = new Uint32Array(slots);
    this.#has = new Uint8Array(slots);
  }

  /** A session is at this source from now on. */
  set(slot: number, hash: number, now: number): void {
    this.delete(slot, now);
    this.#has[slot] = 1;
    this.#hash[slot] = hash;
    this.#slots.set(hash, slot);
  }

  /** A session is nowhere any more. */
  delete(slot: number, now: number): void {
    if (this.#has[slot] !== 1) return;
    const hash = this.#hash[slot];
    this.#has[slot] = 0;
    this.#remembered[hash & REMEMBERED - 1] = hash;
    this.#rememberedAt[hash & REMEMBERED - 1] = now;
    if (this.#slots.get(hash) !== slot) return;
    this.#slots.delete(hash);
    // Another session may be at the same source, or at one with the same hash.
    for (let other = 0; other < this.#has.length; other++) {
      if (this.#has[other] === 1 && this.#hash[other] === hash) return this.#slots.set(hash, other);
    }
  }

  /** The session that is at a source with this hash, or -1. */
  find(hash: number): number {
    return this.#slots.get(hash);
  }

  /** Whether a session is at this source, or was lately. */
  knows(hash: number, now: number): boolean {
    if (this.#slots.get(hash) >= 0) return true;
    const place = hash & REMEMBERED - 1;
    return this.#remembered[place] === hash && now - this.#rememberedAt[place] < REMEMBERED_FOR;
  }
}

export class SessionSources {
  readonly #table: SourceTable;
  /** Secret, so that a sender cannot choose an address with the hash of another. */
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;

  constructor(
    readonly udp: UdpPort,
    readonly shared: SessionMemory,
    readonly batch: EncryptBatch,
    readonly trim: SocketAddressCodec["trim"],
  ) {
    this.#table = new SourceTable(shared.slots);
  }

  /** Sets the socket address of a session; empty for none. */
  set(slot: number, socketAddress: Uint8Array): void {
    // The kernel's form has zeros behind it.
    const trimmed = this.trim(socketAddress);
    this.udp.setEndpoint(slot, trimmed);
    this.shared.setEndpoint(slot, trimmed);
    const { now } = this.batch;
    if (trimmed.length === 0) this.#table.delete(slot, now);
    else this.#table.set(slot, this.udp.endpointHash(slot, this.#seed), now);
  }

  /** An authentic message from elsewhere moves the session's endpoint. */
  follow(slot: number, message: number): void {
    if (!this.udp.messageIsFrom(message, slot)) this.set(slot, this.udp.messageSource(message));
  }

  /** A session that is where the message came from, or has the same hash as if it were; -1: none. */
  find(message: number): number {
    return this.#table.find(this.udp.messageSourceHash(message, this.#seed));
  }

  /** Whether a session is where the message came from, or was lately. */
  knows(message: number): boolean {
    return this.#table.knows(this.udp.messageSourceHash(message, this.#seed), this.batch.now);
  }
}
