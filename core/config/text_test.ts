import assert from "node:assert/strict";
import fc from "fast-check";
import { Diagnostics } from "./diagnostic.ts";
import { addLine, lexLines, listLines, removeLine } from "./text.ts";

Deno.test("words carry line and column, and what says nothing is left out", () => {
  const faults = new Diagnostics("c.conf");
  const lines = lexLines("# comment\r\n\n  route\t10.0.0.0/8  expose \n   #x\n\u{1f433} b", faults);
  assert.deepEqual(faults.sorted(), []);
  assert.deepEqual(lines, [
    {
      key: { text: "route", line: 3, column: 3 },
      values: [{ text: "10.0.0.0/8", line: 3, column: 9 }, { text: "expose", line: 3, column: 21 }],
      end: { line: 3, column: 27 },
    },
    {
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

Deno.test("a line is appended in the file's own line ending", () => {
  assert.deepEqual(addLine("", "route 10.0.0.0/8"), { outcome: "added", text: "route 10.0.0.0/8\n" });
  assert.equal(addLine("# a\n", " route \t10.0.0.0/8 ").text, "# a\nroute 10.0.0.0/8\n");
  assert.equal(addLine("port 1", "mtu 1400").text, "port 1\nmtu 1400\n");
  assert.equal(addLine("port 1\r\n", "mtu 1400").text, "port 1\r\nmtu 1400\r\n");
  assert.equal(addLine("# a\r\nport 1", "mtu 1400").text, "# a\r\nport 1\r\nmtu 1400\r\n");
});

Deno.test("a line that is there already is not added again", () => {
  for (const text of ["port  1\n", "\tport 1", "\ufeffport 1\r\n", "mtu 1400\nport 1 \n# x\n"]) {
    assert.deepEqual(addLine(text, "port 1"), { outcome: "present", text });
  }
  assert.equal(addLine("# port 1\n", "port 1").outcome, "added");
});

Deno.test("a line is removed wherever it is, and everything else stays", () => {
  const text = "\ufeffport 1\r\n# port 1\n\n port\t1 \nroute 10.0.0.0/8 # x\nport 1";
  assert.deepEqual(removeLine(text, "port  1"), {
    outcome: "removed",
    text: "\ufeff# port 1\n\nroute 10.0.0.0/8 # x\n",
  });
  assert.deepEqual(removeLine(text, "port 2"), { outcome: "absent", text });
  assert.deepEqual(removeLine(text, "port"), { outcome: "absent", text });
});

Deno.test("blanks, comments and several lines are neither added nor removed", () => {
  for (const line of ["", "  ", "# a", "port 1\nmtu 1400", "port 1\rmtu 1400"]) {
    assert.deepEqual(addLine("# a\n", line), { outcome: "no-line", text: "# a\n" });
    assert.deepEqual(removeLine("# a\n", line), { outcome: "no-line", text: "# a\n" });
  }
});

Deno.test("the list shows the lines that say something", () => {
  assert.deepEqual(listLines("\ufeff# a\r\n\nroute   10.0.0.0/8\texpose\r\n  port 1"), [
    "route 10.0.0.0/8 expose",
    "port 1",
  ]);
});

Deno.test("a line that was added is listed, and removing it gives the text back", () => {
  const piece = fc.constantFrom("port 1", "# x", " ", "\t", "a", "\n", "\r\n", "\r");
  const anyText = fc.tuple(fc.constantFrom("", "\ufeff"), fc.array(piece)).map(([mark, pieces]) =>
    mark + pieces.join("")
  );
  fc.assert(
    fc.property(anyText, fc.constantFrom("port 1", "zzz", "a a"), (text, line) => {
      const added = addLine(text, line);
      assert(added.text.startsWith(text));
      assert.equal(added.outcome === "added", !listLines(text).includes(line));
      assert(listLines(added.text).includes(line));
      const removed = removeLine(added.text, line);
      assert.equal(removed.outcome, "removed");
      assert(!listLines(removed.text).includes(line));
      assert.deepEqual(listLines(removed.text), listLines(text).filter((one) => one !== line));
      if (added.outcome === "added" && (text === "" || text.endsWith("\n"))) assert.equal(removed.text, text);
    }),
    { numRuns: 1000 },
  );
});
