/**
 * How hard a token is to guess, soberly: by what an attacker tries first, not by how it looks. A token below
 * {@linkcode ENOUGH_BITS} deserves a warning, since who has recorded one handshake can try tokens without
 * asking the server (docs/guide/security.md).
 *
 * @module
 */
import { COMMON_WORDS } from "./common_words.ts";

/** Bits of a token that nobody guesses: with scrypt's cost, 2^80 tries are out of reach for good. */
export const ENOUGH_BITS = 80;

/** What makes a token weak, the worst first. */
export type Weakness =
  /** it would be weak even if it were random */
  | "short"
  /** nothing but digits */
  | "digits"
  /** words, names or years */
  | "words"
  /** the same characters again */
  | "repetition"
  /** neighbours in the alphabet, among the digits or on the keyboard */
  | "sequence";

/** An estimate. */
export interface Strength {
  /** The estimate in bits: an attacker needs about 2^bits tries. */
  readonly bits: number;
  /** Whether that is less than {@linkcode ENOUGH_BITS}. */
  readonly isWeak: boolean;
  /** What brought it down; empty for a strong token. */
  readonly weaknesses: readonly Weakness[];
}

/** Bits of a character that follows from the one before. */
const FOLLOWING = 1;
/** Bits of a repeated part, however long: where it stood and where it ends. */
const REPEATED = 6;
/** The least length of a repeated part. */
const MIN_REPEATED = 3;
/** Bits of a word that everybody thinks of. */
const COMMON_WORD = 8;
/** Bits of a year of somebody's life. */
const YEAR = 6;
/** Bits of a letter in what can be pronounced: a word of five letters is one of some thousand. */
const WORD_LETTER = 2;
/** The least length of a word; one less where a sign or the end shows that it is one. */
const MIN_WORD = 5;

const KEYBOARD_ROWS = ["qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "azertyuiop"];

/** Estimates a token. */
export function tokenStrength(token: string): Strength {
  const characters = [...token];
  const found = new Set<Weakness>();
  const full = Math.log2(alphabetOf(token));
  let bits = 0;
  let afterWord = true;
  for (let at = 0; at < characters.length;) {
    const part = partAt(characters, at, full, afterWord || isBoundary(characters[at - 1], characters[at]));
    bits += part.bits;
    if (part.weakness !== undefined) found.add(part.weakness);
    at += part.length;
    afterWord = part.weakness === "words";
  }
  // However many kinds of characters there are: few different ones carry little.
  bits = Math.min(bits, characters.length * Math.log2(new Set(characters).size + 1));
  const weaknesses: Weakness[] = [];
  if (characters.length * full < ENOUGH_BITS) weaknesses.push("short");
  if (/^\d+$/.test(token)) weaknesses.push("digits");
  weaknesses.push(
    ...(["words", "repetition", "sequence"] as const).filter((weakness) => found.has(weakness)),
  );
  const isWeak = bits < ENOUGH_BITS;
  return { bits: Math.floor(bits), isWeak, weaknesses: isWeak ? weaknesses : [] };
}

/** How many characters an attacker must reckon with at each place. */
function alphabetOf(token: string): number {
  let size = 0;
  if (/\d/.test(token)) size += 10;
  if (/[a-z]/.test(token)) size += 26;
  if (/[A-Z]/.test(token)) size += 26;
  // Signs are mostly the same few.
  if (/[^0-9a-zA-Z]/.test(token)) size += 10;
  return Math.max(size, 2);
}

interface Part {
  readonly length: number;
  readonly bits: number;
  readonly weakness?: Weakness;
}

/**
 * What stands at a place: the first of a repetition, a word, a neighbour of the character before, or a
 * character of its own.
 */
function partAt(characters: readonly string[], at: number, full: number, canBegin: boolean): Part {
  const repeated = repeatedLength(characters, at);
  if (repeated >= MIN_REPEATED) {
    return { length: repeated, bits: Math.min(REPEATED, repeated * full), weakness: "repetition" };
  }
  const word = wordAt(characters.slice(at).join(""), canBegin);
  if (word !== undefined) return word;
  const step = stepTo(characters, at);
  // Two neighbours happen by chance; three are a pattern.
  const isPattern = step !== undefined &&
    (step === stepTo(characters, at - 1) || step === stepTo(characters, at + 1));
  return isPattern ? { length: 1, bits: FOLLOWING, weakness: step } : { length: 1, bits: full };
}

/** How a character follows from the one before it, if it does. */
function stepTo(characters: readonly string[], at: number): "repetition" | "sequence" | undefined {
  const [before, here] = [characters[at - 1], characters[at]];
  if (before === undefined || here === undefined) return undefined;
  return before === here ? "repetition" : isNext(before, here) ? "sequence" : undefined;
}

/** How many characters from here on stand somewhere before too. */
function repeatedLength(characters: readonly string[], at: number): number {
  let longest = 0;
  for (let start = 0; start < at; start++) {
    let length = 0;
    while (at + length < characters.length && characters[start + length] === characters[at + length]) {
      length++;
    }
    longest = Math.max(longest, length);
  }
  return longest;
}

/** Whether one character follows or precedes the other in its alphabet or on the keyboard. */
function isNext(before: string, here: string): boolean {
  const pair = (before + here).toLowerCase();
  const difference = (before.codePointAt(0) ?? 0) - (here.codePointAt(0) ?? 0);
  if (Math.abs(difference) === 1) return true;
  const reversed = [...pair].reverse().join("");
  return KEYBOARD_ROWS.some((row) => row.includes(pair) || row.includes(reversed));
}

/** Whether a word may begin between two characters: at either end of a row of letters, or at a capital. */
function isBoundary(before = "", here = ""): boolean {
  return !/[a-zA-Z]/.test(before) || !/[a-zA-Z]/.test(here) || /[a-z]/.test(before) && /[A-Z]/.test(here);
}

/** The word that a text begins with; one that is not among the common ones only where `canBegin`. */
function wordAt(text: string, canBegin: boolean): Part | undefined {
  const plain = plainLetters(text);
  const common = COMMON_WORDS.find((word) => plain.startsWith(word));
  if (common !== undefined) return { length: common.length, bits: COMMON_WORD, weakness: "words" };
  if (!canBegin) return undefined;
  if (/^(?:19|20)\d\d(?!\d)/.test(text)) return { length: 4, bits: YEAR, weakness: "words" };
  const [letters = ""] = /^(?:[A-Z]?[a-z]+|[A-Z]+)/.exec(text) ?? [];
  const ends = /^[^0-9a-zA-Z]?$/.test(text.charAt(letters.length));
  if (letters.length < MIN_WORD - (ends ? 1 : 0) || !isPronounceable(letters.toLowerCase())) {
    return undefined;
  }
  return { length: letters.length, bits: letters.length * WORD_LETTER, weakness: "words" };
}

/**
 * Whether letters could be a word: no more than three consonants or vowels in a row, and none that a language
 * seldom joins.
 */
function isPronounceable(letters: string): boolean {
  return /[aeiou]/.test(letters) && !/[aeiou]{4}|[^aeiou]{4}|[jqvwxz][jqvwxz]|q[^u]/.test(letters);
}

/** Digits and signs that stand for letters, read as these. */
function plainLetters(text: string): string {
  return text.toLowerCase().replaceAll("0", "o").replaceAll("1", "i").replaceAll("3", "e")
    .replaceAll("4", "a").replaceAll("@", "a").replaceAll("5", "s").replaceAll("$", "s");
}
