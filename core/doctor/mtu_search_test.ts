import assert from "node:assert/strict";
import fc from "fast-check";
import { MtuSearch } from "./mtu_search.ts";

/** Searches a path that passes packets of up to `limit` bytes; the found size and the number of rounds. */
function search(low: number, high: number, limit: number): [found: number, rounds: number] {
  const mtu = new MtuSearch(low, high);
  for (let rounds = 0;; rounds++) {
    const sizes = mtu.next();
    if (sizes.length === 0) return [mtu.passes, rounds];
    mtu.note(sizes, new Set(sizes.filter((size) => size <= limit)));
  }
}

Deno.test("the search finds the exact size, in at most four rounds up to 16,000 bytes", () => {
  fc.assert(fc.property(fc.integer({ min: 577, max: 16_000 }), fc.nat(), (high, random) => {
    const limit = 576 + random % (high - 576);
    const [found, rounds] = search(576, high, limit);
    assert.equal(found, limit);
    assert.ok(rounds <= 4, `${rounds} rounds`);
  }));
});

Deno.test("a size that was lost by bad luck does not mislead the search", () => {
  const mtu = new MtuSearch(576, 1400);
  const sizes = mtu.next();
  mtu.note(sizes, new Set(sizes.filter((size) => size <= 1272 && size !== sizes[2])));
  assert.ok(mtu.passes > 1200);
});
