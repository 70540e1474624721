/** Time as the programs see it, so that tests can make it pass at once. Times are milliseconds. */
export interface Clock {
  /** Monotonic time: never set back, and not a date (clock_gettime(2), CLOCK_MONOTONIC). */
  now(): number;
  /** Wall-clock time since 1970, which people and programs may set. */
  wallClock(): number;
  /** Calls back once, after so many milliseconds; disposing of the result cancels that. */
  after(milliseconds: number, callback: () => void): Disposable;
}

/** Waits so many milliseconds. */
export function sleep(milliseconds: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}

/**
 * The outcome of a promise, or of `onLate` where that comes too late. What the promise stands for goes on.
 *
 * @param onLate gives what stands for the outcome, or throws
 */
export async function deadline<T, L>(
  promise: Promise<T>,
  milliseconds: number,
  onLate: () => L,
  clock: Clock,
): Promise<T | L> {
  const late = Promise.withResolvers<() => L>();
  using _timer = clock.after(milliseconds, () => late.resolve(onLate));
  return await Promise.race([promise, late.promise.then((act) => act())]);
}

/** The soonest of times that are set; undefined when none is. */
export function soonest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
