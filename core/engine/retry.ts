/**
 * How long to wait between attempts to reach an Engine.
 *
 * @module
 */

/** The first and the longest pause, in milliseconds. */
const FIRST = 1000;
const LONGEST = 30_000;

/**
 * The pause after a failed attempt: 1 s, doubling to 30 s.
 *
 * @param failures attempts that have failed since the Engine was last reached, this one included
 * @returns milliseconds
 */
export function retryPause(failures: number): number {
  return Math.min(LONGEST, FIRST * 2 ** Math.max(0, failures - 1));
}
