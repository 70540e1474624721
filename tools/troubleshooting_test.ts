import assert from "node:assert/strict";
import { FAULTS } from "../core/faults/fault_table.ts";
import { anchorOf, PAGE_FILE, withFaults } from "./troubleshooting.ts";

const page = await Deno.readTextFile(PAGE_FILE);

Deno.test("docs/guide/troubleshooting.md has the table's faults; deno run -A tools/troubleshooting.ts writes them", () => {
  assert.equal(withFaults(page), page);
});

Deno.test("each fault has one anchor, and no text of it shows a value that is missing", () => {
  for (const code of Object.keys(FAULTS)) {
    assert.equal(page.split(`<a id="${anchorOf(code)}"></a>`).length, 2, code);
  }
  assert.doesNotMatch(page, /\b(?:undefined|NaN|\[object)\b/);
});

Deno.test("a page without the markers is refused", () => {
  assert.throws(() => withFaults("# Troubleshooting\n"), /no markers/);
});
