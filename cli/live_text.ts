/**
 * Text that stays in its place on a terminal while it changes. Each change is one write that goes over what is there: nothing is
 * erased before it is written again, so nothing flickers, and no mode of the terminal is changed, so an end at any moment leaves it
 * as it was. The sequences are those of ECMA-48: cursor up (CUU), erase to the end of the line (EL) and of the display (ED).
 *
 * @module
 */
import type { Terminal } from "./terminal.ts";

/** Columns and rows of a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Assumed of a terminal that does not tell its size (the VT100's). */
const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** The size of the terminal of this process at this moment. */
export function terminalSize(): TerminalSize {
  try {
    const { columns, rows } = Deno.consoleSize();
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL_SIZE;
  } catch {
    return USUAL_SIZE;
  }
}

/** Text in its place. */
export class LiveText {
  /** Lines that are on the screen. */
  #shown = 0;
  #columns = 0;

  constructor(readonly terminal: Pick<Terminal, "out">, readonly size: () => TerminalSize = terminalSize) {}

  /** Shows a text in place of the one before. What is too wide or too high for the terminal is cut. */
  show(text: string): void {
    const { columns, rows } = this.size();
    const lines = fit(text.trimEnd().split("\n"), columns, rows);
    // In another width the terminal may have broken the lines that are there: where they begin is not known any more.
    const isResized = this.#shown > 0 && columns !== this.#columns;
    const back = isResized ? "\x1b[H\x1b[2J" : this.#shown > 0 ? `\x1b[${this.#shown}A\r` : "";
    this.terminal.out(`${back}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#shown = lines.length;
    this.#columns = columns;
  }
}

/** Cuts lines so that the cursor stays on the screen behind them. */
function fit(lines: readonly string[], columns: number, rows: number): readonly string[] {
  const room = Math.max(1, rows - 1);
  const hidden = lines.length - room + 1;
  const shown = lines.length <= room
    ? lines
    : [...lines.slice(0, room - 1), `... ${hidden} more lines: make the window higher`];
  // A line that fills its row leaves the cursor at its end, where some terminals break it.
  return shown.map((line) => [...line].slice(0, Math.max(1, columns - 1)).join(""));
}
