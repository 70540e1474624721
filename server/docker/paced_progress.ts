/**
 * Tells now and then how far long work has come.
 *
 * @module
 */

/** Milliseconds between two lines, and until the first: most images are there before that. */
const PAUSE = 3_000;

/**
 * Paces the telling.
 *
 * @param tell called with words such as "download 12.3 of 45.6 MB", at most every 3 s
 * @param now the time in milliseconds
 * @returns takes each step: its name, bytes done, bytes in all
 */
export function pacedProgress(
  tell: (progress: string) => void,
  now: () => number = () => performance.now(),
): (step: string, done: number, total: number) => void {
  let next = now() + PAUSE;
  return (step, done, total) => {
    if (now() < next) return;
    next = now() + PAUSE;
    tell(`${step} ${megabytes(done)} of ${megabytes(total)} MB`);
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
