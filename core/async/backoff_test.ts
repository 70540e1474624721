import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff, retryPause } from "./backoff.ts";

const pauses = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next());

Deno.test("Backoff: pauses double up to the longest, and begin again after a reset", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 500 });
  assert.deepEqual(pauses(backoff, 5), [100, 200, 400, 500, 500]);
  backoff.reset();
  assert.equal(backoff.next(), 100);
  assert.equal(pauses(backoff, 5000).at(-1), 500);
});

Deno.test("Backoff: jitter takes away its part of a pause and no more", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (chance) => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 400, jitter: 0.25, random: () => chance });
    for (const [index, pause] of pauses(backoff, 5).entries()) {
      const longest = Math.min(400, 100 * 2 ** index);
      assert.ok(pause <= longest && pause >= 0.75 * longest);
    }
  }));
});

Deno.test("the pauses double from one second to thirty", () => {
  const seconds = [0, 1, 2, 3, 4, 5, 6, 7, 5000].map((failures) => retryPause(failures, false) / 1000);
  assert.deepEqual(seconds, [1, 1, 2, 4, 8, 16, 30, 30, 30]);
});

Deno.test("while someone listens the pauses end at four seconds", () => {
  assert.deepEqual([1, 2, 3, 4, 5000].map((failures) => retryPause(failures, true) / 1000), [1, 2, 4, 4, 4]);
});
