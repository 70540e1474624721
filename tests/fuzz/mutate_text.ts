/**
 * Damages texts as an editor, another version or an attacker would: by words, lines, numbers, and characters that have a meaning.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** Characters of the longest text that is made by repetition. */
const MAX_TEXT = 20_000;
/** Changes of one text at most. */
const MAX_CHANGES = 5;
/** Characters that separate, quote, comment, end or steer, some that are long in UTF-8, and half of a pair. */
const TELLING = [
  ..." \t\n\r\0\v,;:#/.-=\"'\\{}[]()<>%*~@!|&$?+0",
  "\r\n",
  "\u001b[31m",
  "\u00e9",
  "\u2028",
  "\ufeff",
  "\ud83d\ude00",
  "\ud800",
];
/** Numbers at borders. */
const NUMBERS = [
  "0",
  "-1",
  "1",
  "32",
  "33",
  "128",
  "129",
  "255",
  "256",
  "65535",
  "65536",
  "1e9",
  "00",
  "0x10",
];
const MORE_NUMBERS = [
  "4294967296",
  "9007199254740993",
  "99999999999999999999",
  "NaN",
  "Infinity",
  "-0",
  "1.5",
];
const BORDERS = [...NUMBERS, ...MORE_NUMBERS];

const WORD = /[^\s,;:={}[\]"]+/g;

/** The words of texts, each once. */
export function wordsOf(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.match(WORD) ?? []))];
}

type Change = (text: string, random: Random, words: readonly string[], others: readonly string[]) => string;

const at = (text: string, random: Random) => random.below(text.length + 1);

/** Replaces `removed` characters from `from` on. */
const replace = (text: string, from: number, removed: number, by: string) =>
  text.slice(0, from) + by + text.slice(from + removed);

/** Replaces one match of a pattern. */
function replaceMatch(text: string, pattern: RegExp, random: Random, by: (found: string) => string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const match = random.pick(found);
  return replace(text, match.index, match[0].length, by(match[0]));
}

/** Changes the lines of a text. */
function changeLines(text: string, random: Random, change: (lines: string[], at: number) => void): string {
  const lines = text.split("\n");
  change(lines, random.below(lines.length));
  return lines.join("\n");
}

const CHANGES: readonly Change[] = [
  (text, random, words) => replaceMatch(text, WORD, random, () => random.pick(words)),
  (text, random, words) => replaceMatch(text, WORD, random, (word) => `${word} ${random.pick(words)}`),
  (text, random) => replaceMatch(text, /\d+/g, random, () => random.pick(BORDERS)),
  (text, random) =>
    replaceMatch(text, /\d+/g, random, (number) => String(Number(number) + random.pick([1, -1]))),
  (text, random) => replaceMatch(text, WORD, random, () => ""),
  (text, random) => replaceMatch(text, WORD, random, (word) => word.toUpperCase()),
  (text, random) => changeLines(text, random, (lines, at) => lines.splice(at, 1)),
  (text, random) => changeLines(text, random, (lines, at) => lines.splice(at, 0, random.pick(lines))),
  (text, random) => changeLines(text, random, (lines, at) => lines.push(...lines.splice(at, 1))),
  (text, random, _words, others) =>
    changeLines(
      text,
      random,
      (lines, at) => lines.splice(at, 0, random.pick(random.pick(others).split("\n"))),
    ),
  (text, random) => replace(text, at(text, random), 0, random.pick(TELLING)),
  (text, random) => replace(text, at(text, random), 1, random.pick(TELLING)),
  (text, random) => replace(text, at(text, random), 1 + random.below(8), ""),
  (text, random) => text.slice(0, at(text, random)),
  (text, random) => text.slice(at(text, random)),
  (text, random) => {
    if (!random.oneIn(16)) return text;
    const from = at(text, random);
    const repeated = text.slice(from, from + 1 + random.below(40));
    const times = Math.min(1 << random.below(13), Math.floor(MAX_TEXT / Math.max(1, repeated.length)));
    return replace(text, from, 0, repeated.repeat(times));
  },
];

/** Makes a text of the kept ones. */
export function mutateText(kept: readonly string[], words: readonly string[], random: Random): string {
  let text = random.pick(kept);
  for (let count = random.below(MAX_CHANGES); count >= 0; count--) {
    text = random.pick(CHANGES)(text, random, words, kept);
  }
  return text;
}
