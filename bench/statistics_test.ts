import assert from "node:assert/strict";
import { median } from "./statistics.ts";

Deno.test("the median is the middle of the sorted values", () => {
  assert.equal(median([3]), 3);
  assert.equal(median([10, 1, 2]), 2);
  assert.equal(median([10, 1, 2, 4]), 3);
  assert.throws(() => median([]), RangeError);
});
