// deno-lint-ignore-file no-control-regex
import assert from "node:assert/strict";
import { LiveText, type TerminalSize } from "./live_text.ts";

/** A screen that knows the sequences that LiveText writes, and whose lines are broken as a terminal breaks them. */
class Screen {
  rows: string[] = [""];
  row = 0;
  column = 0;
  erased = 0;

  constructor(public size: TerminalSize) {}

  out(text: string): void {
    for (const [token] of text.matchAll(/\x1b\[\d*[A-Z]|[^]/gu)) this.#take(token);
  }

  get lines(): string[] {
    return this.rows.filter((line) => line !== "").map((line) => line.trimEnd());
  }

  #take(token: string): void {
    const up = /^\x1b\[(\d+)A$/.exec(token)?.[1];
    if (up !== undefined) this.row -= Number(up);
    else if (token === "\r") this.column = 0;
    else if (token === "\n") [this.row, this.column] = [this.row + 1, 0];
    else if (token === "\x1b[K") this.#set((this.rows[this.row] ?? "").slice(0, this.column));
    else if (token === "\x1b[J") this.rows.length = this.row;
    else if (token === "\x1b[H") [this.row, this.column] = [0, 0];
    else if (token === "\x1b[2J") [this.rows, this.erased] = [[], this.erased + 1];
    else {
      const line = (this.rows[this.row] ?? "").padEnd(this.column);
      this.#set(line.slice(0, this.column) + token + line.slice(this.column + 1));
      this.column++;
      assert.ok(this.column < this.size.columns, "the terminal breaks the line");
    }
    assert.ok(this.row >= 0, "the cursor is above the screen");
  }

  #set(line: string): void {
    this.rows[this.row] = line;
  }
}

Deno.test("a text takes the place of the one before, whichever is longer, and the screen is never erased", () => {
  const screen = new Screen({ columns: 20, rows: 10 });
  const live = new LiveText(screen, () => screen.size);
  for (const text of ["one\ntwo\nthree\n", "long line\nx\n", "a\nb\nc\nd\n"]) {
    live.show(text);
    assert.deepEqual(screen.lines, text.trimEnd().split("\n"));
    assert.equal(screen.row, screen.lines.length);
  }
  assert.equal(screen.erased, 0);
});

Deno.test("what is too wide or too high is cut", () => {
  const screen = new Screen({ columns: 40, rows: 4 });
  new LiveText(screen, () => screen.size).show(`${"w".repeat(50)}\n2\n3\n4\n5\n`);
  assert.deepEqual(screen.lines, ["w".repeat(39), "2", "... 3 more lines: make the window highe"]);
});

Deno.test("another width of the window begins from an empty screen", () => {
  const screen = new Screen({ columns: 40, rows: 10 });
  const live = new LiveText(screen, () => screen.size);
  live.show("one\ntwo\n");
  screen.size = { columns: 20, rows: 10 };
  live.show("one\nthree\n");
  assert.deepEqual([screen.lines, screen.erased], [["one", "three"], 1]);
});
