const MAX_DISTANCE = 2;

/**
 * Finds the known word that a mistyped one was meant to be: the nearest one, in upper or lower case, at most two letters off
 * and fewer than half of them. It is undefined if none is near.
 */
export function suggest<T extends string>(found: string, known: readonly T[]): T | undefined {
  // A word much longer or shorter cannot be near; measuring it could take long.
  const near = known.filter((word) => Math.abs(word.length - found.length) <= MAX_DISTANCE)
    .map((word) => ({ word, distance: editDistance(found.toLowerCase(), word) }))
    .filter(({ word, distance }) => distance <= MAX_DISTANCE && distance * 2 < word.length);
  return near.sort((a, b) => a.distance - b.distance)[0]?.word;
}

/** Counts the insertions, deletions, replacements and swaps of neighbours from one word to the other. */
export function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? at(row - 2, column - 2) + 1 : Infinity;
      rows[row]?.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
