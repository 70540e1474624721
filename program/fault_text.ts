/**
 * The faults of a status document as text for people.
 *
 * @module
 */
import { escapeControls, formatDuration } from "../cli/format.ts";
import type { FaultStatus } from "./status_document.ts";

/** How a text is laid out. */
export interface TextLayout {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether it may carry colors. */
  readonly color: boolean;
}

/** The layout where there is no terminal. */
export const PLAIN_LAYOUT: TextLayout = { width: 100, color: false };

/** Columns that lines are wrapped at, however wide or narrow the terminal is. */
const MIN_WIDTH = 40;
const MAX_WIDTH = 110;
const INDENT = "    ";

/** SGR colors of ECMA-48 section 8.3.117: red and yellow. */
const COLORS: Readonly<Record<FaultStatus["severity"], number>> = { error: 31, warning: 33 };

/**
 * Writes the sentence, then each fault with its remedy, and an empty line where there are faults. Each line has its newline.
 *
 * @param now milliseconds since 1970, by the clock of the program that answered
 */
export function faultText(
  { summary, faults }: { readonly summary: string; readonly faults: readonly FaultStatus[] },
  now: number,
  { width, color }: TextLayout,
): string {
  const columns = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width));
  const lines = faults.flatMap(({ code, severity, title, text, remedy, since }) => {
    const seconds = Math.floor((now - Date.parse(since)) / 1000);
    const age = seconds > 0 ? `, for ${formatDuration(seconds)}` : "";
    return [
      `${paint(severity, COLORS[severity], color)}: ${escapeControls(`${title}${age} (${code})`)}`,
      ...wrap(escapeControls(`${text}.`), columns),
      ...remedy === "" ? [] : wrap(escapeControls(`${remedy}.`), columns),
    ];
  });
  const end = lines.length === 0 ? [] : [""];
  const worst = faults[0]?.severity;
  const sentence = escapeControls(summary);
  const head = worst === "error" ? paint(sentence, COLORS.error, color) : sentence;
  return [head, ...lines, ...end].map((line) => `${line}\n`).join("");
}

function paint(text: string, code: number, color: boolean): string {
  return color ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Breaks a text between words; a longer word has a line of its own. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = INDENT;
  for (const word of text.split(/ +/)) {
    if (line !== INDENT && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = INDENT;
    }
    line += line === INDENT ? word : ` ${word}`;
  }
  return [...lines, line];
}
