/**
 * Pointer objects for places in the arena that are only known when a packet comes. Making one takes longer than a small
 * packet's checksum and leaves garbage, but packets lie at the same few hundred places again and again.
 *
 * @module
 */
import type { PacketMemory } from "../libc/packet_memory.ts";

/** Sets, a power of two, and places in each: a full receive has some 1,440 places if all datagrams are of one length. */
const SETS = 2048;
const WAYS = 4;
/** Knuth's multiplicative hash: 2^32 over the golden ratio (The Art of Computer Programming, section 6.4). */
const MULTIPLIER = 0x9e3779b1;
const SHIFT = 32 - Math.log2(SETS);

/** Remembers the pointers last made for each of so many places. */
export class PointerCache {
  readonly #memory: PacketMemory;
  readonly #offsets = new Int32Array(SETS * WAYS).fill(-1);
  readonly #pointers: Deno.PointerValue[] = new Array(SETS * WAYS).fill(null);
  #nextWay = 0;

  constructor(memory: PacketMemory) {
    this.#memory = memory;
  }

  /** The pointer to byte `offset`. */
  at(offset: number): Deno.PointerValue {
    const first = (Math.imul(offset, MULTIPLIER) >>> SHIFT) * WAYS;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (this.#offsets[entry] === offset) return this.#pointers[entry] ?? null;
    }
    return this.#make(first, offset);
  }

  #make(first: number, offset: number): Deno.PointerValue {
    let entry = first + this.#nextWay;
    this.#nextWay = (this.#nextWay + 1) % WAYS;
    for (let way = 0; way < WAYS; way++) if (this.#offsets[first + way] < 0) entry = first + way;
    this.#offsets[entry] = offset;
    return this.#pointers[entry] = this.#memory.pointer(offset);
  }
}
