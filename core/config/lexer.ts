/**
 * Splits the text of a config file into lines and words.
 *
 * A line ends with LF or CRLF; words are separated by blanks and tabs; a line whose first word starts with
 * "#" is a comment. A byte order mark before the first line is skipped.
 *
 * @module
 */
import type { Diagnostics, Position } from "./diagnostic.ts";

/** A word and its position. */
export interface Word extends Position {
  /** The word itself. */
  readonly text: string;
}

/** A line with at least one word that is no comment. */
export interface Line {
  /** The line's number, from 1. */
  readonly number: number;
  /** The first word. */
  readonly key: Word;
  /** The words after it. */
  readonly values: readonly Word[];
  /** The position just past the last word. */
  readonly end: Position;
}

/** Characters a line may have, its line end not counted. No key needs a tenth of it. */
export const MAX_LINE_LENGTH = 4096;

// What some editors put before the first line of UTF-8 text.
const BYTE_ORDER_MARK = "\ufeff";

const WORD = /[^ \t]+/g;
// Control characters, lone surrogates and the sign a decoder leaves where a byte was no UTF-8.
const UNREADABLE = /(?!\t)\p{Cc}|\p{Cs}|\ufffd/u;
// Blanks other than space and tab, and characters without a shape: pasted from a web page, seen by nobody.
const INVISIBLE = /(?! )\p{Z}|\p{Cf}/u;

/** Tells whether a line is blank or a comment. */
export function isBlankOrComment(line: string): boolean {
  return /^[ \t]*(#|$)/.test(line);
}

/** Returns the words of one line. */
export function splitWords(line: string): string[] {
  return line.match(WORD) ?? [];
}

/** Removes the byte order mark that a file's text may start with. */
export function stripBom(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
}

/** Returns the lines that are neither blank nor comments, without faulty ones. */
export function lexLines(text: string, faults: Diagnostics): Line[] {
  const lines: Line[] = [];
  stripBom(text).split("\n").forEach((ended, index) => {
    const line = lexLine(ended.endsWith("\r") ? ended.slice(0, -1) : ended, index + 1, faults);
    if (line !== undefined) lines.push(line);
  });
  return lines;
}

function lexLine(text: string, number: number, faults: Diagnostics): Line | undefined {
  if (text.length > MAX_LINE_LENGTH) {
    faults.add(
      { line: number, column: 1 },
      `the line is longer than ${MAX_LINE_LENGTH} characters: is this a config file?`,
    );
    return undefined;
  }
  const positionAt = (index: number): Position => ({
    line: number,
    column: [...text.slice(0, index)].length + 1,
  });
  const unreadable = UNREADABLE.exec(text);
  if (unreadable !== null) {
    faults.add(positionAt(unreadable.index), describeUnreadable(unreadable[0]));
    return undefined;
  }
  if (isBlankOrComment(text)) return undefined;
  const invisible = INVISIBLE.exec(text);
  if (invisible !== null) {
    const message = `invisible character ${codePoint(invisible[0])}: use spaces or tabs`;
    faults.add(positionAt(invisible.index), message);
  }
  // The line's values are needed to check other lines, so it is read as it looks.
  const words = [...text.replace(/\p{Z}/gu, " ").matchAll(WORD)]
    .map((match) => ({ text: match[0].replace(/\p{Cf}/gu, ""), ...positionAt(match.index) }))
    .filter((word) => word.text !== "");
  const [key, ...values] = words;
  return key && { number, key, values, end: positionAt(text.trimEnd().length) };
}

function describeUnreadable(character: string): string {
  return character === "\ufffd"
    ? "invalid UTF-8: save the file as UTF-8 text"
    : `unexpected control character ${codePoint(character)}: delete it`;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
