/**
 * Bounded waits: for a condition, and for a promise.
 *
 * @module
 */

/** Milliseconds between two looks at a condition; short beside every deadline in use. */
const PROBE_INTERVAL = 20;

/** Resolves after `milliseconds`. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Probes until the result is neither undefined nor false.
 *
 * @param what the condition in words, for the message of a missed deadline
 * @param probe looked at every 20 ms; a throw ends the wait
 * @param deadline milliseconds
 * @returns the probe's first result
 * @throws Error when the deadline passes first
 */
export async function waitUntil<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  deadline = 10_000,
): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    const result = await probe();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > end) throw new Error(`Waited ${deadline} ms in vain until ${what}`);
    await pause(PROBE_INTERVAL);
  }
}

/**
 * The promise's own outcome, or an Error after `deadline` milliseconds.
 *
 * @param what what is awaited, in words
 */
export async function withDeadline<T>(what: string, promise: Promise<T>, deadline: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`Waited ${deadline} ms in vain for ${what}`)),
    deadline,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
