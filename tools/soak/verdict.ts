/**
 * Whether what was sampled is flat. A number is flat when its median in the last third of the run is at most a bound above that in
 * the middle third: by then heap and code have their size, and what comes and goes with the soak's own changes is in both.
 *
 * @module
 */

/** Numbers by name, at one moment. */
export type Sample = Readonly<Record<string, number>>;

/** How much more the last third may have. */
export interface Bound {
  /** In the number's own unit. */
  readonly most: number;
  /** As a part of the middle third's median; the larger one of the two counts. */
  readonly part?: number;
}

/** What is said of one number. */
export interface Verdict {
  readonly name: string;
  /** Medians of the thirds. */
  readonly thirds: readonly [first: number, middle: number, last: number];
  readonly peak: number;
  readonly isFlat: boolean;
}

/** Samples without which nothing can be said: three for each third. */
export const MIN_SAMPLES = 9;

/** The median; NaN of nothing. */
export function median(numbers: readonly number[]): number {
  const ordered = numbers.toSorted((a, b) => a - b);
  const middle = ordered.length >> 1;
  if (ordered.length === 0) return NaN;
  if (ordered.length % 2 === 1) return ordered[middle] ?? NaN;
  return ((ordered[middle - 1] ?? NaN) + (ordered[middle] ?? NaN)) / 2;
}

/**
 * Judges each number that has a bound.
 *
 * @param samples in the order of time
 * @param boundOf the bound of a number; undefined: it is not judged
 * @throws {RangeError} for fewer than {@linkcode MIN_SAMPLES}
 */
export function judge(samples: readonly Sample[], boundOf: (name: string) => Bound | undefined): Verdict[] {
  if (samples.length < MIN_SAMPLES) throw new RangeError(`Cannot judge ${samples.length} samples`);
  const names = [...new Set(samples.flatMap(Object.keys))];
  const third = samples.length / 3;
  return names.flatMap((name) => {
    const bound = boundOf(name);
    if (bound === undefined) return [];
    const numbers = (from: number) =>
      samples.slice(Math.round(from * third), Math.round((from + 1) * third))
        .flatMap((sample) => sample[name] ?? []);
    const thirds = [median(numbers(0)), median(numbers(1)), median(numbers(2))] as const;
    const [, middle, last] = thirds;
    const allowed = Math.max(bound.most, (bound.part ?? 0) * middle);
    const peak = Math.max(...samples.flatMap((sample) => sample[name] ?? []));
    return [{ name, thirds, peak, isFlat: last - middle <= allowed }];
  });
}
