import assert from "node:assert/strict";
import { driftOf, median, quantile } from "./statistics.ts";

Deno.test("the median is the middle of the sorted values", () => {
  assert.equal(median([3]), 3);
  assert.equal(median([10, 1, 2]), 2);
  assert.equal(median([10, 1, 2, 4]), 3);
  assert.throws(() => median([]), RangeError);
});

Deno.test("a quantile is one of the values, by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(quantile(hundred, 0.5), 50);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile(hundred, 1), 100);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(quantile([1, 2, 30], 0.99), 30);
  assert.throws(() => quantile([], 0.5), RangeError);
});

Deno.test("the drift compares the last tenth with the second, whatever the first and the middle are", () => {
  const samples = [
    { progress: 0, value: 1 },
    { progress: 99, value: 1 },
    { progress: 100, value: 40 },
    { progress: 199, value: 60 },
    { progress: 200, value: 900 },
    { progress: 899, value: 900 },
    { progress: 900, value: 54 },
    { progress: 1003, value: 56 },
  ];
  assert.ok(Math.abs(driftOf(samples, 1000) - 0.1) < 1e-12);
  assert.throws(() => driftOf(samples.slice(0, 6), 1000), RangeError);
});
