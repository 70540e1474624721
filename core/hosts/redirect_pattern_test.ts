import assert from "node:assert/strict";
import { redirectPattern } from "./redirect_pattern.ts";

Deno.test("an ending is the bytes at the end of such names in a query", () => {
  assert.equal(redirectPattern(".test"), "04" + "74657374" + "00");
  assert.equal(redirectPattern("shop.local"), "73686f70" + "05" + "6c6f63616c" + "00");
  assert.equal(redirectPattern(".a.b"), "01" + "61" + "01" + "62" + "00");
});

Deno.test("of a long one the end is compared, as much as the kernel takes", () => {
  const label = "a".repeat(63);
  const pattern = redirectPattern(`.${label}.${label}.${label}.test`);
  assert.equal(pattern.length, 2 * 128);
  assert.ok(pattern.endsWith(redirectPattern(".test")));
});
