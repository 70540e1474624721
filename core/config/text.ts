/**
 * The text of a config file: its lines and words, and edits that leave everything else as it is, byte for byte.
 *
 * A line ends with LF or CRLF; words are separated by blanks and tabs; a line whose first word starts with
 * "#" is a comment. A byte order mark before the first line is skipped. Two lines are the same if their words are;
 * how the words are set apart does not matter.
 *
 * @module
 */
import type { Diagnostics, Position } from "./diagnostic.ts";

/** A word and its position. */
export interface Word extends Position {
  /** The word itself. */
  readonly text: string;
}

/** A line that is neither blank nor a comment. */
export interface Line {
  /** The first word. */
  readonly key: Word;
  /** The words after it. */
  readonly values: readonly Word[];
  /** The position just past the last word. */
  readonly end: Position;
}

/** Characters a line may have, its line end not counted. No key needs a tenth of it. */
const MAX_LINE_LENGTH = 4096;

const WORD = /[^ \t]+/g;
// Control characters, lone surrogates and the sign a decoder leaves where a byte was no UTF-8.
const UNREADABLE = /(?!\t)\p{Cc}|\p{Cs}|\ufffd/u;
// Blanks other than space and tab, and characters without a shape: pasted from a web page, seen by nobody.
const INVISIBLE = /(?! )\p{Z}|\p{Cf}/u;

function isBlankOrComment(line: string): boolean {
  return /^[ \t]*(#|$)/.test(line);
}

/** Returns the words of one line. */
export function splitWords(line: string): string[] {
  return line.match(WORD) ?? [];
}

// Some editors put a byte order mark before the first line of UTF-8 text.
function stripBom(text: string): string {
  return text.replace(/^\ufeff/, "");
}

/** Returns the lines that are neither blank nor comments, without faulty ones. */
export function lexLines(text: string, faults: Diagnostics): Line[] {
  return stripBom(text).split("\n")
    .map((line, index) => lexLine(line.replace(/\r$/, ""), index + 1, faults))
    .filter((line) => line !== undefined);
}

function lexLine(text: string, line: number, faults: Diagnostics): Line | undefined {
  const positionAt = (index: number): Position => ({ line, column: [...text.slice(0, index)].length + 1 });
  if (text.length > MAX_LINE_LENGTH) {
    const message = `the line is longer than ${MAX_LINE_LENGTH} characters: is this a config file?`;
    faults.add(positionAt(0), message);
    return undefined;
  }
  const unreadable = UNREADABLE.exec(text);
  if (unreadable !== null) {
    const [character] = unreadable;
    const message = character === "\ufffd"
      ? "invalid UTF-8: save the file as UTF-8 text"
      : `unexpected control character ${codePoint(character)}: delete it`;
    faults.add(positionAt(unreadable.index), message);
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
  return key && { key, values, end: positionAt(text.trimEnd().length) };
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The outcome of an edit, and the text after it. */
export interface Edit {
  /**
   * A line was added or removed, or nothing was done: the line was there already, or it was not there, or what was
   * given is not a line of a key but blank, a comment or several lines.
   */
  readonly outcome: "added" | "removed" | "present" | "absent" | "no-line";
  /** The text after the edit; the same as before unless a line was added or removed. */
  readonly text: string;
}

/** Returns the lines that are neither blank nor comments, with one blank between words. */
export function listLines(text: string): string[] {
  return physicalLines(stripBom(text)).map(foldedLine).filter((line) => line !== undefined);
}

/**
 * Appends a line, with the line ending that the text uses. A last line without an ending gets one first. A
 * line that is there is not added again.
 */
export function addLine(text: string, line: string): Edit {
  const folded = singleLine(line);
  if (folded === undefined) return { outcome: "no-line", text };
  if (listLines(text).includes(folded)) return { outcome: "present", text };
  const ending = /\r?\n/.exec(text)?.[0] ?? "\n";
  const missing = text === "" || text.endsWith("\n") ? "" : text.endsWith("\r") ? "\n" : ending;
  return { outcome: "added", text: text + missing + folded + ending };
}

/** Removes a line, wherever and however often it is there. */
export function removeLine(text: string, line: string): Edit {
  const folded = singleLine(line);
  if (folded === undefined) return { outcome: "no-line", text };
  const body = stripBom(text);
  const lines = physicalLines(body);
  const rest = lines.filter((one) => foldedLine(one) !== folded);
  if (rest.length === lines.length) return { outcome: "absent", text };
  return { outcome: "removed", text: text.slice(0, text.length - body.length) + rest.join("") };
}

function singleLine(line: string): string | undefined {
  return /[\r\n]/.test(line.trim()) ? undefined : foldedLine(line.trim());
}

// Lines with their endings, so that joining them gives the text back.
function physicalLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function foldedLine(line: string): string | undefined {
  const folded = splitWords(line.replace(/\r?\n?$/, "")).join(" ");
  return isBlankOrComment(folded) ? undefined : folded;
}
