import { deepEqual, ok } from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/guide/security.md", ROOT));

/** A test as the page names it: its file, then its name between quotes, and more names of the same file. */
function namedTests(text: string): { file: string; names: string[] }[] {
  const line = text.replaceAll(/\s+/g, " ");
  return [...line.matchAll(/`([\w./]+_test\.ts)`((?:(?:,| and)? "[^"]+")*)/g)].map((
    [, file = "", rest = ""],
  ) => ({
    file,
    names: [...rest.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
  }));
}

/** The faults of what a text says of tests. */
async function faultsOf(text: string): Promise<string[]> {
  const faults: string[] = [];
  for (const { file, names } of namedTests(text)) {
    const source = await Deno.readTextFile(new URL(file, ROOT)).catch(() => undefined);
    if (source === undefined) faults.push(`${file} is not there`);
    else if (names.length === 0 && file !== "tools/security_claims_test.ts") {
      faults.push(`${file}: no test is named`);
    } else {faults.push(
        ...names.filter((name) => !source.includes(`"${name}"`)).map((name) => `${file}: no "${name}"`),
      );}
  }
  return faults;
}

/** The points of the page: list items that begin with bold words. */
const points = page.split(/^(?=- |#)/m).filter((part) => part.startsWith("- **"));

Deno.test("docs/guide/security.md names tests that exist", async () => {
  ok(namedTests(page).length > 50);
  deepEqual(await faultsOf(page), []);
});

Deno.test("each point of docs/guide/security.md names its test, or says that it has none", () => {
  ok(points.length > 40);
  deepEqual(points.filter((point) => namedTests(point).length === 0 && !point.includes("Not tested: ")), []);
  deepEqual(
    page.split("\n").filter((line) => /^- (?!\*\*)/.test(line)),
    [],
    "each point begins with bold words",
  );
});

Deno.test("a test that is not there is found", async () => {
  const self = "tools/security_claims_test.ts";
  const absent = "never ".repeat(2) + "written";
  deepEqual(await faultsOf('`tools/no_test.ts` "x"'), ["tools/no_test.ts is not there"]);
  deepEqual(await faultsOf("`tools/table.ts` and `tools/step_test.ts`."), [
    "tools/step_test.ts: no test is named",
  ]);
  deepEqual(await faultsOf(`\`${self}\` "a test that is\n  not there is found" and "${absent}"`), [
    `${self}: no "${absent}"`,
  ]);
});

/** The cells of the table of attackers and assets, without its heading and first column. */
function claims(): string[][] {
  const [, table = ""] = /^## Who could attack what\n([\s\S]*?)^## /m.exec(page) ?? [];
  const rows = table.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.split("|").slice(2, -1).map((cell) => cell.trim()));
}

Deno.test("each attacker is set against each asset by a claim of a few words, which leads to a point of docs/guide/security.md", () => {
  const rows = claims();
  deepEqual(rows.map(({ length }) => length), Array.from({ length: 8 }, () => 6));
  const named = new Set(points.flatMap((point) => /^- \*\*<a id="([^"]+)">/.exec(point)?.[1] ?? []));
  const faulty = rows.flat().filter((cell) => {
    const [, text = "", anchor = ""] = /^\[([^\]]+)\]\(#([^)]+)\)$/.exec(cell) ?? [];
    const words = text.split(" ").length;
    return words < 3 || words > 8 || !named.has(anchor);
  });
  deepEqual(faulty, []);
});
