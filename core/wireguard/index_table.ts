/** The numbers by which peers name our handshakes and keys: random, of 32 bits, each in use once, and their owners. */
export class IndexTable<T> {
  readonly #owners = new Map<number, T | undefined>();
  readonly #random = new Uint32Array(1);

  /**
   * Allocates a number. 0 is none: it stands for "no session" in the data plane.
   *
   * @param owner the receiver of messages with this number
   */
  allocate(owner?: T): number {
    let index: number;
    do {
      index = crypto.getRandomValues(this.#random)[0];
    } while (index === 0 || this.#owners.has(index));
    this.#owners.set(index, owner);
    return index;
  }

  /** Finds the owner of a number. */
  lookup(index: number): T | undefined {
    return this.#owners.get(index);
  }

  /** Frees a number. */
  release(index: number): void {
    this.#owners.delete(index);
  }

  /** The count of numbers in use. */
  get size(): number {
    return this.#owners.size;
  }
}
