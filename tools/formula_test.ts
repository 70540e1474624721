import { equal, throws } from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { fillFormula, type FormulaFacts } from "./formula.ts";
import { archiveName, INSTALLED_PROGRAMS, SYSTEMS } from "./release/names.ts";

const ROOT = new URL("..", import.meta.url);

const template = (program: string) =>
  Deno.readTextFileSync(new URL(`packaging/homebrew/${program}.rb.template`, ROOT));

/** A release of every system, whose hashes tell the archives apart: 1111... for the first, and so on. */
function factsOf(systems = SYSTEMS): FormulaFacts {
  const names = INSTALLED_PROGRAMS.flatMap((program) =>
    systems.map((system) => archiveName(program, system))
  );
  return {
    home: "https://example.org/connector",
    version: "1.2.3",
    baseUrl: "https://example.org/connector/releases/download/v1.2.3",
    sums: new Map(names.map((name, index) => [name, String(index + 1).repeat(64)])),
  };
}

for (const program of INSTALLED_PROGRAMS) {
  Deno.test(`the formula of ${program} is the golden one`, async () => {
    const golden = await Deno.readTextFile(new URL(`tests/packaging/golden/${program}.rb`, ROOT));
    equal(fillFormula(template(program), program, factsOf()), golden);
  });
}

Deno.test("a system without an archive is left out, and a program without any is refused", () => {
  const [program] = INSTALLED_PROGRAMS;
  const some = fillFormula(template(program), program, factsOf(SYSTEMS.filter(({ cpu }) => cpu === "x64")));
  equal(some.includes("on_arm"), false);
  equal(some.match(/^ {4}on_intel do$/gm)?.length, 2);
  throws(() => fillFormula(template(program), program, factsOf([])), OperationError);
});
