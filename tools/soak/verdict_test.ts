import assert from "node:assert/strict";
import { judge, median, MIN_SAMPLES, type Sample } from "./verdict.ts";

const samples = (count: number, numberAt: (index: number) => number): Sample[] =>
  Array.from({ length: count }, (_, index) => ({ rss: numberAt(index) }));
const isFlat = (all: readonly Sample[], most = 8, part = 0) => judge(all, () => ({ most, part }))[0]?.isFlat;

Deno.test("what grows to its size and stays there is flat, also when it wobbles", () => {
  assert.equal(isFlat(samples(180, (index) => Math.min(100, 40 + index * 2) + index % 7)), true);
  assert.equal(isFlat(samples(180, (index) => index % 2 === 0 ? 100 : 130)), true);
  assert.equal(isFlat(samples(180, (index) => 200 - index)), true, "it shrinks");
});

Deno.test("what goes on growing is not flat, however slowly, nor what jumps at the end", () => {
  assert.equal(isFlat(samples(180, (index) => 100 + index * 0.2)), false);
  assert.equal(isFlat(samples(180, (index) => index < 120 ? 100 : 109)), false);
});

Deno.test("one high sample is no growth", () => {
  assert.equal(isFlat(samples(180, (index) => index === 170 ? 1000 : 100)), true);
  assert.equal(
    judge(samples(180, (index) => index === 170 ? 1000 : 100), () => ({ most: 8 }))[0]?.peak,
    1000,
  );
});

Deno.test("of the two bounds the larger one counts", () => {
  const all = samples(90, (index) => index < 60 ? 200 : 215);
  assert.equal(isFlat(all, 8, 0), false);
  assert.equal(isFlat(all, 8, 0.1), true);
});

Deno.test("a number that is there for a part of the run alone is judged by what there is of it", () => {
  const all = samples(90, () => 1).map((sample, index) => index % 3 === 0 ? { ...sample, late: 5 } : sample);
  const bounds = judge(all, (name) => name === "late" ? { most: 0 } : undefined);
  assert.deepEqual(bounds, [{ name: "late", thirds: [5, 5, 5], peak: 5, isFlat: true }]);
});

Deno.test("too few samples are refused", () => {
  assert.throws(() => judge(samples(MIN_SAMPLES - 1, () => 1), () => ({ most: 1 })), RangeError);
});

Deno.test("the median of an even number is between the two in the middle", () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
  assert.ok(Number.isNaN(median([])));
});
