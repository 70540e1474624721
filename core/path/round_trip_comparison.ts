/** What the other path's round trip has to be, as a part of this one's, to be worth a change: at least 30 % less. */
const WORTHWHILE = 0.7;
/** In how many measurements in a row. */
const WORTHWHILE_MEASUREMENTS = 3;

/**
 * Decides from measured round trips whether to change to the other path. The first time the faster one wins. After that a
 * change has to be worth it in three measurements in a row, so that two paths of the same speed do not take turns.
 */
export class RoundTripComparison {
  #isFirst = true;
  #worthwhile = 0;

  /** Whether the paths were not compared since one of them joined the choice. */
  get isPending(): boolean {
    return this.#isFirst;
  }

  /** A path has joined the choice: the next comparison is the first one. */
  reset(): void {
    this.#isFirst = true;
    this.#worthwhile = 0;
  }

  /** Another path is in use: measurements count from zero again. */
  onChange(): void {
    this.#worthwhile = 0;
  }

  /**
   * Compares one measurement, in milliseconds; true to change to the other path.
   *
   * @param hasBoth whether both paths were measured this time; if not, one of the values is an older one
   */
  isWorthChange(used: number, other: number, hasBoth: boolean): boolean {
    if (this.#isFirst) {
      this.#isFirst = false;
      return other < used;
    }
    if (!hasBoth) return false;
    this.#worthwhile = other <= used * WORTHWHILE ? this.#worthwhile + 1 : 0;
    return this.#worthwhile >= WORTHWHILE_MEASUREMENTS;
  }
}
