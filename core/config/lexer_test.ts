import assert from "node:assert/strict";
import fc from "fast-check";
import { Diagnostics } from "./diagnostic.ts";
import { lexLines } from "./lexer.ts";

Deno.test("words carry line and column, and what says nothing is left out", () => {
  const faults = new Diagnostics("c.conf");
  const lines = lexLines("# comment\r\n\n  route\t10.0.0.0/8  expose \n   #x\n\u{1f433} b", faults);
  assert.deepEqual(faults.sorted(), []);
  assert.deepEqual(lines, [
    {
      number: 3,
      key: { text: "route", line: 3, column: 3 },
      values: [{ text: "10.0.0.0/8", line: 3, column: 9 }, { text: "expose", line: 3, column: 21 }],
      end: { line: 3, column: 27 },
    },
    {
      number: 5,
      key: { text: "\u{1f433}", line: 5, column: 1 },
      values: [{ text: "b", line: 5, column: 3 }],
      end: { line: 5, column: 4 },
    },
  ]);
});

Deno.test("the words of a printable text are those that blanks set apart", () => {
  const word = fc.string({ minLength: 1 }).filter((text) => /^[^ #][^ ]*$/.test(text));
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1 })),
      fc.constantFrom(" ", "\t", "  \t"),
      (rows, blank) => {
        const faults = new Diagnostics("c.conf");
        const lines = lexLines(rows.map((row) => row.join(blank)).join("\n"), faults);
        assert.deepEqual(
          lines.map(({ key, values }) => [key, ...values].map(({ text }) => text)),
          rows,
        );
        assert.deepEqual(faults.sorted(), []);
      },
    ),
  );
});
