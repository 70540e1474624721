import assert from "node:assert/strict";
import { retryPause } from "./backoff.ts";

Deno.test("the pauses double from one second to thirty", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 5000].map((failures) => retryPause(failures, false)), [
    1000,
    1000,
    2000,
    4000,
    8000,
    16_000,
    30_000,
    30_000,
    30_000,
  ]);
});

Deno.test("while someone listens the pauses end at four seconds", () => {
  assert.deepEqual([1, 2, 3, 4, 5000].map((failures) => retryPause(failures, true)), [
    1000,
    2000,
    4000,
    4000,
    4000,
  ]);
});
