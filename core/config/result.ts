/**
 * What comes of reading one word: its value, or what is wrong with it.
 *
 * @module
 */

/** A value, or a problem worded as "FOUND is not ...; expected ...", without a full stop. */
export type Reading<T> =
  | { readonly value: T; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

/** The reading of a word that has a value. */
export function found<T>(value: T): Reading<T> {
  return { value };
}

/** The reading of a word that has none. */
export function problem(text: string): Reading<never> {
  return { problem: text };
}

const LONGEST_QUOTE = 60;

/** A word of the file between quotes, cut where it is long. Never to be used on a word that may be a secret. */
export function quote(word: string): string {
  const characters = [...word];
  const shown = characters.length > LONGEST_QUOTE
    ? `${characters.slice(0, LONGEST_QUOTE).join("")}...`
    : word;
  return `"${shown}"`;
}
