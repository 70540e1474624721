/**
 * How long to wait between attempts to reach an Engine.
 *
 * @module
 */

/** The first pause, in milliseconds. */
const FIRST = 1000;

/**
 * The longest pauses, in milliseconds. While someone listens, an Engine is likely about to answer: Docker Desktop's socket
 * is there long before its machine is up.
 */
const LONGEST = { absent: 30_000, listening: 4000 } as const;

/**
 * The pause after a failed attempt: 1 s, doubling to 30 s; to 4 s while someone listens on a socket.
 *
 * @param failures attempts that have failed since the Engine was last reached, this one included
 * @param isListening whether someone listens, although no Engine answers
 * @returns milliseconds
 */
export function retryPause(failures: number, isListening: boolean): number {
  const longest = isListening ? LONGEST.listening : LONGEST.absent;
  return Math.min(longest, FIRST * 2 ** Math.max(0, failures - 1));
}
