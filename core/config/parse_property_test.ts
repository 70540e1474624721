import assert from "node:assert/strict";
import fc from "fast-check";
import { anyGoodText, anyWordyText } from "./arbitrary_fixture.ts";
import { formatDiagnostic } from "./diagnostic.ts";
import { parseConfig } from "./parse.ts";

const anyText = fc.oneof(
  anyWordyText,
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  anyGoodText,
);

Deno.test("any text gives a configuration or faults that lie inside it", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { config, faults } = parseConfig(text, "c.conf");
      assert.equal(config === undefined, faults.length > 0);
      const lines = text.split("\n").map((line) => [...line].length);
      let last = 0;
      for (const fault of faults) {
        const length = lines[fault.line - 1];
        assert(length !== undefined, `line ${fault.line} of ${lines.length}`);
        assert(fault.column >= 1 && fault.column <= length + 1, `column ${fault.column} of ${length}`);
        assert(fault.line >= last);
        last = fault.line;
        assert.match(formatDiagnostic(fault), /^c\.conf:\d+:\d+: [^\n\r\0]+[^.]$/);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the order of lines, blank lines and comments does not matter to whether a file is good", () => {
  fc.assert(fc.property(anyGoodText, fc.gen(), (text, gen) => {
    const lines = text.split("\n");
    const shuffled = gen(fc.shuffledSubarray, lines, { minLength: lines.length }).join("\n\t\n# route x\n");
    assert.deepEqual(parseConfig(shuffled, "c.conf").faults, []);
  }));
});

Deno.test("a token's text is in no fault of a file around it", () => {
  const secret = "s3cr3tS3cr3t";
  fc.assert(fc.property(anyWordyText, fc.constantFrom("token", "key"), anyWordyText, (before, key, after) => {
    const { faults } = parseConfig(`${before}\n${key} ${secret} ${after}`, "c.conf");
    assert(!JSON.stringify(faults).includes(secret));
  }));
});

Deno.test("a large file is read in good time", () => {
  const octets = Array.from({ length: 256 }, (_, index) => index);
  const routes = octets.flatMap((b) => octets.map((c) => `route 10.${b}.${c}.0/24`));
  const started = performance.now();
  assert.equal(parseConfig(routes.join("\n"), "c.conf").config?.routes.length, 65_536);
  assert.equal(parseConfig(`${routes.join("\n")}\nroute 10.0.0.0/8`, "c.conf").faults.length, 65_536);
  assert(performance.now() - started < 30_000);
});
