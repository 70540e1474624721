/**
 * Finds the known word that a mistyped one was meant to be.
 *
 * @module
 */

/**
 * The known word nearest to the one found, letter case aside: at most two letters off and fewer than half of
 * them.
 *
 * @returns undefined if none is near
 */
export function suggest<T extends string>(found: string, known: readonly T[]): T | undefined {
  let nearest: T | undefined;
  let least = 3;
  for (const word of known) {
    // A word this much longer or shorter cannot be near; measuring it could take long.
    if (Math.abs(word.length - found.length) >= least) continue;
    const distance = editDistance(found.toLowerCase(), word);
    if (distance < least && distance * 2 < word.length) [nearest, least] = [word, distance];
  }
  return nearest;
}

/** Counts the insertions, deletions, replacements and swaps of neighbours from one word to the other. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced);
      if (row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: number[], column: number): number {
  return row[column] ?? Infinity;
}
