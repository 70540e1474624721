import assert from "node:assert/strict";
import { FAULTS, VICTIMS } from "../tests/faults/cell.ts";
import { CELLS, EMPTY_CELLS } from "../tests/faults/matrix.ts";
import { readResults } from "../tests/faults/results.ts";
import { PAGE_FILE, withMatrix } from "./reliability.ts";

const page = await Deno.readTextFile(PAGE_FILE);

Deno.test("docs/internals/reliability.md has the kept results; deno run -A tools/reliability.ts writes them", async () => {
  assert.equal(withMatrix(page, await readResults()), page);
});

Deno.test("each victim has a cell for each fault, or a reason why not", () => {
  const without = VICTIMS.flatMap((victim) =>
    FAULTS.filter((fault) =>
      !CELLS.some((cell) => cell.victim === victim && cell.fault === fault) &&
      !EMPTY_CELLS.some((cell) => cell.victim === victim && cell.faults.includes(fault))
    ).map((fault) => `${victim}: ${fault}`)
  );
  assert.deepEqual(without, []);
});

Deno.test("the kept results have three runs of each cell on each path", async () => {
  const { cells } = await readResults();
  const missing = CELLS.flatMap((cell) =>
    (["udp", "engine"] as const).filter((path) =>
      (cell.path ?? path) === path &&
      cells.find((result) => result.path === path && result.how === cell.how && result.victim === cell.victim)
          ?.runs.length !== 3
    ).map((path) => `${path}: ${cell.victim}, ${cell.fault}: ${cell.how}`)
  );
  assert.deepEqual(missing, []);
});

Deno.test("a page without the markers is refused", async () => {
  const results = await readResults();
  assert.throws(() => withMatrix("# Reliability\n", results), /no markers/);
});
