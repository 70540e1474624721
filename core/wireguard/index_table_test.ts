import assert from "node:assert/strict";
import { IndexTable } from "./index_table.ts";

Deno.test("numbers differ, are never 0 and lead to their owner until they are given back", () => {
  const indices = new IndexTable<string>();
  const all = Array.from({ length: 1000 }, (_, owner) => indices.allocate(String(owner)));
  assert.equal(new Set(all).size, 1000);
  assert.ok(!all.includes(0));
  for (const [owner, index] of all.entries()) assert.equal(indices.lookup(index), String(owner));
  for (const index of all) indices.release(index);
  assert.ok(all.every((index) => indices.lookup(index) === undefined));
  assert.equal(indices.size, 0);
});
