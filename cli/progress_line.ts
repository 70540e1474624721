/**
 * One line at the bottom of a terminal that tells how far something has come, while lines are written above it. Like `LiveText` it
 * changes no mode of the terminal; EL of ECMA-48 erases what is left of the line before.
 *
 * @module
 */

/** Columns of the bar itself. */
const BAR = 24;

/** Something that takes a while. */
export interface ProgressEntry extends Disposable {
  /**
   * Says how far it is.
   *
   * @param words a few, such as "loading image"
   * @param share from 0 to 1; undefined where that is not known
   */
  update(words: string, share?: number): void;
}

/** The line. What was begun last is shown; without anything the line is empty. */
export class ProgressLine {
  readonly #entries: { text: string }[] = [];
  #shown = "";

  /**
   * @param write writes to the terminal, as it is
   * @param columns of the terminal at this moment
   */
  constructor(readonly write: (text: string) => void, readonly columns: () => number) {}

  /** Begins something, which is shown from its first update until it is disposed of. */
  begin(): ProgressEntry {
    const entry = { text: "" };
    this.#entries.push(entry);
    return {
      update: (words, share) => {
        entry.text = share === undefined ? words : `${barOf(share)} ${words}`;
        this.#draw();
      },
      [Symbol.dispose]: () => {
        const at = this.#entries.indexOf(entry);
        if (at >= 0) this.#entries.splice(at, 1);
        this.#draw();
      },
    };
  }

  /** Writes lines above it; each has its newline. */
  above(lines: string): void {
    if (this.#shown === "") return this.write(lines);
    this.write(`\r\x1b[K${lines}${this.#shown}`);
  }

  /** Ends all of it. */
  clear(): void {
    this.#entries.length = 0;
    this.#draw();
  }

  #draw(): void {
    const text = this.#entries.findLast((entry) => entry.text !== "")?.text ?? "";
    // A full row would leave the cursor where some terminals begin the next one.
    const shown = [...text].slice(0, Math.max(1, this.columns() - 1)).join("");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.write(`\r${shown}\x1b[K`);
  }
}

function barOf(share: number): string {
  const whole = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  const filled = Math.round(whole * BAR);
  return `[${"#".repeat(filled)}${".".repeat(BAR - filled)}] ${
    String(Math.floor(whole * 100)).padStart(3)
  } %`;
}
