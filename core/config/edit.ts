/**
 * Edits of a config file's text that leave everything else as it is, byte for byte.
 *
 * Two lines are the same if their words are; how the words are set apart does not matter.
 *
 * @module
 */
import { isBlankOrComment, splitWords, stripBom } from "./lexer.ts";

/** The outcome of an edit, and the text after it. */
export interface Edit {
  /**
   * What was done: a line was added or removed; it was there already; it was not there; or the line to edit
   * is none (blank, a comment, or several lines).
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
  const bare = line.replace(/\r?\n$|\r$/, "");
  const folded = splitWords(bare).join(" ");
  return isBlankOrComment(folded) ? undefined : folded;
}
