import assert from "node:assert/strict";
import { RoundTripComparison } from "./round_trip_comparison.ts";

Deno.test("the first comparison is for the faster path, by however little", () => {
  assert.equal(new RoundTripComparison().isWorthChange(0.5, 0.499, false), true);
  assert.equal(new RoundTripComparison().isWorthChange(0.5, 0.5, true), false);
});

Deno.test("after that it takes 30 % in three measurements of both paths in a row", () => {
  const comparison = new RoundTripComparison();
  const measure = (...others: number[]) => others.map((other) => comparison.isWorthChange(1, other, true));
  assert.deepEqual(measure(1), [false]);
  assert.deepEqual(measure(0.7, 0.7, 0.71, 0.7, 0.7), [false, false, false, false, false]);
  assert.equal(comparison.isWorthChange(1, 0.1, false), false, "one of the values is an old one");
  assert.deepEqual(measure(0.7), [true]);
  comparison.onChange();
  assert.deepEqual(measure(0.1, 0.1, 0.1), [false, false, true]);
});

Deno.test("a path that joins the choice is compared as the first ones were", () => {
  const comparison = new RoundTripComparison();
  assert.equal(comparison.isPending, true);
  comparison.isWorthChange(1, 2, true);
  assert.equal(comparison.isPending, false);
  comparison.reset();
  assert.equal(comparison.isPending, true);
  assert.equal(comparison.isWorthChange(1, 0.9, true), true);
});
