/**
 * Strong tokens, and how hard any token is to guess, soberly: by what an attacker tries first, not by how it
 * looks. A token below {@linkcode ENOUGH_BITS} deserves a warning, since who has recorded one handshake can try
 * tokens without asking the server (docs/guide/security.md).
 *
 * @module
 */

/** Bits of a token that nobody guesses: with scrypt's cost, 2^80 tries are out of reach for good. */
export const ENOUGH_BITS = 80;

/**
 * What makes a token weak, the worst first: it would be weak even if it were random; nothing but digits; words,
 * names or years; the same characters again; neighbours in the alphabet, among the digits or on the keyboard.
 */
export type Weakness = "short" | "digits" | "words" | "repetition" | "sequence";

const WEAKNESSES: readonly Weakness[] = ["short", "digits", "words", "repetition", "sequence"];

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

/**
 * What people choose as a password, or as a part of one, before anything else: the words at the head of every
 * published list of leaked passwords, and what this program itself suggests. In lower case; longer ones first
 * where one begins with another.
 */
const COMMON_WORDS = `
  password passwort passw secret geheim letmein welcome willkommen admin root login master monkey dragon
  shadow sunshine princess football baseball iloveyou superman batman trustno freedom whatever qwerty
  qwertz azerty asdf zxcv abc test demo example changeme default guest user token docker connector
  accessor desktop container server client network tunnel wireguard developer office company team hello
  summer winter spring autumn monday january correct horse battery staple michael jordan daniel thomas
  charlie andrew google apple mac linux
`.trim().split(/\s+/);
const KEYBOARD_ROWS = ["qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "azertyuiop"];

/** Crockford's base32: no i, l, o and u, which are read as 1, 0 and v. Each character carries 5 bits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Random bytes that {@linkcode generateToken} takes: one for each character of the token, 130 bits in all. */
export const TOKEN_ENTROPY = 26;

/**
 * A token out of random bytes, of each of which 5 bits count. One in some 12,000 has words or patterns in it
 * by chance and is called weak by {@linkcode tokenStrength}; draw again then.
 *
 * @throws {RangeError} for another number than {@linkcode TOKEN_ENTROPY}
 */
export function generateToken(entropy: Uint8Array): string {
  if (entropy.length !== TOKEN_ENTROPY) {
    throw new RangeError(`Cannot make a token of ${entropy.length} bytes: it takes ${TOKEN_ENTROPY}`);
  }
  return Array.from(entropy, (byte) => ALPHABET[byte & 31]).join("");
}

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
  if (characters.length * full < ENOUGH_BITS) found.add("short");
  if (/^\d+$/.test(token)) found.add("digits");
  const isWeak = bits < ENOUGH_BITS;
  const weaknesses = WEAKNESSES.filter((each) => isWeak && found.has(each));
  return { bits: Math.floor(bits), isWeak, weaknesses };
}

/** How many characters an attacker must reckon with at each place; of the signs mostly the same few are used. */
function alphabetOf(token: string): number {
  const kinds = [[/\d/, 10], [/[a-z]/, 26], [/[A-Z]/, 26], [/[^0-9a-zA-Z]/, 10]] as const;
  return kinds.reduce((size, [kind, count]) => kind.test(token) ? size + count : size, 0) || 2;
}

interface Part {
  readonly length: number;
  readonly bits: number;
  readonly weakness?: Weakness;
}

/** What stands at a place, the first that fits: a repetition, a word, a neighbour of the one before, one alone. */
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
  const reversed = (here + before).toLowerCase();
  const difference = (before.codePointAt(0) ?? 0) - (here.codePointAt(0) ?? 0);
  if (Math.abs(difference) === 1) return true;
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
  const { length } = letters;
  if (length < MIN_WORD - (ends ? 1 : 0) || !isPronounceable(letters.toLowerCase())) return undefined;
  return { length, bits: length * WORD_LETTER, weakness: "words" };
}

/** Whether letters could be a word: at most three consonants or vowels in a row, and none that are seldom joined. */
function isPronounceable(letters: string): boolean {
  return /[aeiou]/.test(letters) && !/[aeiou]{4}|[^aeiou]{4}|[jqvwxz][jqvwxz]|q[^u]/.test(letters);
}

/** Digits and signs, and the letters that they stand for. */
const SIGNS = "01345@$";
const LETTERS = "oieasas";

/** The text in lower case, with letters for the signs that stand for them. */
function plainLetters(text: string): string {
  return text.toLowerCase().replace(/[01345@$]/g, (sign) => LETTERS[SIGNS.indexOf(sign)]);
}
