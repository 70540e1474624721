/** The smallest packet that the search tries, in bytes: every IPv4 host takes it (RFC 791 section 3.1). */
export const MIN_TRIED_MTU = 576;

/** How many sizes are tried at once; a round narrows the search to one part of so many and one. */
const SIZES_AT_ONCE = 16;

/**
 * The search for the largest packet that passes. Sizes are tried many at a time, so that those that are lost cost one timeout
 * together.
 */
export class MtuSearch {
  /** The largest size that is known to pass, and the smallest that is known to be lost, in bytes. */
  #passes: number;
  #lost: number;

  /**
   * Begins between two sizes.
   *
   * @param passes a size that passes
   * @param lost a larger one that is lost
   */
  constructor(passes: number, lost: number) {
    this.#passes = passes;
    this.#lost = lost;
  }

  /** The largest size that passes, as far as is known. */
  get passes(): number {
    return this.#passes;
  }

  /** The sizes to try next, ascending; none when the largest is found. */
  next(): number[] {
    const gap = this.#lost - this.#passes;
    const sizes = Array.from(
      { length: SIZES_AT_ONCE },
      (_, at) => this.#passes + Math.floor(gap * (at + 1) / (SIZES_AT_ONCE + 1)),
    );
    return [...new Set(sizes)].filter((size) => size > this.#passes && size < this.#lost);
  }

  /** Takes note of which of the tried sizes passed. A lost one below one that passed was bad luck. */
  note(tried: readonly number[], passed: ReadonlySet<number>): void {
    this.#passes = Math.max(this.#passes, ...passed);
    this.#lost = Math.min(
      this.#lost,
      ...tried.filter((size) => !passed.has(size) && size > this.#passes),
    );
  }
}
