/**
 * Words the fault of a line whose key is none.
 *
 * @module
 */
import { findKey, KEYS } from "./keys.ts";
import { type Line, splitWords } from "./lexer.ts";
import { nearestWord } from "./suggest.ts";
import { quote } from "./result.ts";

const NAMES = KEYS.map((spec) => spec.name);
const SECRET_NAMES = KEYS.filter((spec) => spec.secret).map((spec) => spec.name);

/**
 * What is wrong with the line's key, and which key was meant.
 *
 * @param line a line whose first word is no key
 * @param previous the line before it that says something
 */
export function describeUnknownKey({ key }: Line, previous: Line | undefined): string {
  const [, start = "", sign = ""] = /^([a-z0-9]+)([=:])/i.exec(key.text) ?? [];
  const joined = findKey(start.toLowerCase());
  if (joined !== undefined) {
    return `unknown key; write a blank in place of the ${quote(sign)} after "${joined.name}"`;
  }
  const name = mayBeSecret(key.text, previous) ? "" : ` ${quote(key.text)}`;
  const meant = nearestWord(key.text, NAMES);
  const hint = meant === undefined ? `expected one of ${NAMES.join(", ")}` : `did you mean ${quote(meant)}?`;
  return `unknown key${name}; ${hint}`;
}

// A line starts with a secret where it was broken in two after "token", or where the blank after "token" is missing.
function mayBeSecret(word: string, previous: Line | undefined): boolean {
  const before = previous && findKey(previous.key.text);
  const broken = before?.secret === true && previous !== undefined &&
    previous.values.length < splitWords(before.syntax).length - 1;
  const plain = /^[A-Za-z][A-Za-z0-9_-]{0,19}$/.test(word);
  const joined = SECRET_NAMES.some((name) =>
    word.length > name.length && word.toLowerCase().startsWith(name)
  );
  return broken || joined || !plain;
}
