/**
 * Time as the programs see it, so that tests can make it pass at once.
 *
 * @module
 */

/** Times are milliseconds. */
export interface Clock {
  /** Monotonic time: never set back, and no date (clock_gettime(2), CLOCK_MONOTONIC). */
  now(): number;
  /** Wall-clock time since 1970, which people and programs may set. */
  wallClock(): number;
  /** Calls back once, after so many milliseconds; disposing of the result cancels that. */
  after(milliseconds: number, callback: () => void): Disposable;
}
