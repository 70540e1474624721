/**
 * The difference of two lists of named things.
 *
 * @module
 */

/** What became of the things of a list. */
export interface Difference<T> {
  /** Those that only the list before had. */
  readonly removed: readonly T[];
  /** Those that both have, as they are in the list after, where their state differs. */
  readonly changed: readonly T[];
  /** Those that only the list after has. */
  readonly added: readonly T[];
}

/**
 * Compares two lists; the order of their things does not matter.
 *
 * @param before the one list, without two things of one name
 * @param after the other list, likewise
 * @param name what makes two things the same
 * @param state what may differ between two things of the same name
 */
export function difference<T>(
  before: readonly T[],
  after: readonly T[],
  name: (thing: T) => string,
  state: (thing: T) => unknown = () => undefined,
): Difference<T> {
  const old = new Map(before.map((thing) => [name(thing), thing]));
  const names = new Set(after.map(name));
  return {
    removed: before.filter((thing) => !names.has(name(thing))),
    changed: after.filter((thing) => {
      const earlier = old.get(name(thing));
      return earlier !== undefined && state(earlier) !== state(thing);
    }),
    added: after.filter((thing) => !old.has(name(thing))),
  };
}
