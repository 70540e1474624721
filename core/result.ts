/** A value, or a problem worded as `invalid port "0": expected 1-65535`, without a full stop. */
export type Result<T> =
  | { readonly value: T; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

/** Makes the result of a word that has a value. */
export function ok<T>(value: T): Result<T> {
  return { value };
}

/** Makes the result of a word that has none. */
export function err(problem: string): Result<never> {
  return { problem };
}

const MAX_QUOTE_LENGTH = 60;

/** Puts a word between quotes, cut where it is long. Never use it on a word that may be a secret. */
export function quote(word: string): string {
  const characters = [...word];
  const shown = characters.length > MAX_QUOTE_LENGTH
    ? `${characters.slice(0, MAX_QUOTE_LENGTH).join("")}...`
    : word;
  return `"${shown}"`;
}
