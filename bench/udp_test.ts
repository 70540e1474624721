import assert from "node:assert/strict";
import { LADDERS, mayClimb } from "./udp.ts";

Deno.test("a higher rate is tried while sender and tunnel keep up", () => {
  const outcome = { packets: 100_000, seconds: 1, last: 99_000, lost: 19_000, roomless: 0 };
  assert.ok(mayClimb(100_000, outcome));
  assert.ok(!mayClimb(150_000, outcome), "the sender is at its end");
  assert.ok(!mayClimb(100_000, { ...outcome, lost: 29_000 }), "the tunnel is at its end");
});

Deno.test("every ladder goes up", () => {
  for (const { fixed, climb } of LADDERS) {
    const rates = [...fixed, ...climb];
    assert.deepEqual(rates, rates.toSorted((a, b) => a - b));
  }
});
