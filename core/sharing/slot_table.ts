/**
 * From a 32-bit number to a slot, looked up for each packet: inner addresses and receiver indices to sessions and
 * keys, hashes of socket addresses to senders.
 *
 * @module
 */

/** Knuth's multiplicative hash: 2^32 over the golden ratio (The Art of Computer Programming, section 6.4). */
const MULTIPLIER = 0x9e3779b1;

/** A table with open addressing, never more than half full, so that a look-up takes one or two steps. */
export class SlotTable {
  /** How many numbers have a slot. */
  count = 0;
  readonly #keys: Uint32Array;
  readonly #slots: Int32Array;
  readonly #shift: number;
  readonly #mask: number;

  /** Makes an empty table in which at most `capacity` numbers can have a slot. */
  constructor(readonly capacity: number) {
    const bits = Math.max(1, Math.ceil(Math.log2(capacity * 2)));
    this.#shift = 32 - bits;
    this.#mask = 2 ** bits - 1;
    this.#keys = new Uint32Array(2 ** bits);
    this.#slots = new Int32Array(2 ** bits).fill(-1);
  }

  /** The slot of a number, or -1. */
  get(key: number): number {
    if (this.count === 0) return -1;
    return this.#slots[this.#find(key)];
  }

  /**
   * Gives a number a slot, in place of what it had.
   *
   * @throws {RangeError} when the table is full: its size is a constant of the program, so this is a bug
   */
  set(key: number, slot: number): void {
    const at = this.#find(key);
    if (this.#slots[at] < 0) {
      if (this.count === this.capacity) {
        throw new RangeError(`Cannot hold more than ${this.capacity} numbers`);
      }
      this.count++;
    }
    this.#keys[at] = key;
    this.#slots[at] = slot;
  }

  /** Takes a number's slot away, if it has one. */
  delete(key: number): void {
    let hole = this.#find(key);
    if (this.#slots[hole] < 0) return;
    this.count--;
    // What follows without a gap may have been pushed on by the one that goes; it moves back if its way
    // starts before the hole.
    for (let at = hole + 1 & this.#mask; this.#slots[at] >= 0; at = at + 1 & this.#mask) {
      const home = this.#home(this.#keys[at]);
      if ((at - home & this.#mask) < (at - hole & this.#mask)) continue;
      this.#keys[hole] = this.#keys[at];
      this.#slots[hole] = this.#slots[at];
      hole = at;
    }
    this.#slots[hole] = -1;
  }

  #home(key: number): number {
    return Math.imul(key, MULTIPLIER) >>> this.#shift;
  }

  /** Where a number is, or where it would be. */
  #find(key: number): number {
    let at = this.#home(key);
    while (this.#slots[at] >= 0 && this.#keys[at] !== key) at = at + 1 & this.#mask;
    return at;
  }
}

/**
 * Takes 32 more bits of a socket address into its hash: the step of MurmurHash3 (x86, 32 bits). With a seed that
 * strangers do not know they cannot choose addresses that fall together with others.
 */
export function mixHash(hash: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul(mixed << 15 | mixed >>> 17, 0x1b873593);
  const sum = hash ^ mixed;
  return Math.imul(sum << 13 | sum >>> 19, 5) + 0xe6546b64 >>> 0;
}
