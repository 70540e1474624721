/**
 * What is said about a handful of measurements.
 *
 * @module
 */

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
  return (lower + upper) / 2;
}

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the mean of nothing");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The smallest value that at least the given part of all values does not exceed (nearest rank).
 *
 * @param part above 0, up to 1: 0.99 for p99
 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(part * sorted.length) - 1];
  if (value === undefined) {
    throw new RangeError(`Cannot take the quantile ${part} of ${values.length} values`);
  }
  return value;
}

/** One look at a quantity on the way from 0 to the end. */
export interface Sample {
  /** How far it was, in the unit of the whole way. */
  readonly progress: number;
  readonly value: number;
}

/**
 * By which part the mean over the last tenth of the way exceeds the mean over the second tenth. The first tenth is
 * left out because it holds what happens only once.
 *
 * @throws RangeError when one of the two tenths has no sample
 */
export function driftOf(samples: readonly Sample[], whole: number): number {
  const meanBetween = (from: number, to: number): number => {
    const values = samples
      .filter(({ progress }) => progress >= from * whole && progress < to * whole)
      .map(({ value }) => value);
    if (values.length === 0) {
      throw new RangeError(`Cannot compare: nothing was sampled from ${from} to ${to}`);
    }
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  // What counts the progress counts headers too, hence no upper end of the last tenth.
  return meanBetween(0.9, Infinity) / meanBetween(0.1, 0.2) - 1;
}
