/**
 * The numbers by which accessors name handshakes and sessions to this server.
 *
 * @module
 */

/** Hands out 32-bit numbers that are in use once and hard to guess, and knows whose they are. */
export class LocalIndices<T> {
  readonly #owners = new Map<number, T | undefined>();
  readonly #random = new Uint32Array(1);

  /**
   * A new number. 0 is none: it stands for "no session" in the data plane's facts.
   *
   * @param owner to whom messages with this number go
   */
  allocate(owner?: T): number {
    for (;;) {
      const [index = 0] = crypto.getRandomValues(this.#random);
      if (index === 0 || this.#owners.has(index)) continue;
      this.#owners.set(index, owner);
      return index;
    }
  }

  /** Whose number it is. */
  ownerOf(index: number): T | undefined {
    return this.#owners.get(index);
  }

  /** Gives a number back. */
  release(index: number): void {
    this.#owners.delete(index);
  }

  /** How many numbers are in use. */
  get size(): number {
    return this.#owners.size;
  }
}
