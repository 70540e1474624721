/**
 * Numbers that are the same for the same seed, so that an input can be made again.
 *
 * @module
 */

/** One step of the mixing function of splitmix32, after MurmurHash3's finalizer (public domain). */
function mix(value: number): number {
  let mixed = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return (mixed ^ mixed >>> 16) >>> 0;
}

/** A sequence of numbers. */
export class Random {
  #state: number;

  /** @param index of the input: each has a sequence of its own, so one can be made without those before it */
  constructor(seed: number, index = 0) {
    this.#state = mix(seed ^ mix(index));
  }

  /** An unsigned 32-bit number. */
  next(): number {
    this.#state = this.#state + 0x9e3779b9 | 0;
    return mix(this.#state);
  }

  /** From 0 to below `limit`, which is at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.next() / 0x1_0000_0000 * limit);
  }

  /** True once in `times` calls. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of the items, of which there is at least one. */
  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)] as T;
  }

  /** Bytes of any value. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.next());
  }
}
