import assert from "node:assert/strict";
import { SlotPool } from "./slot_pool.ts";

Deno.test("each number is had once, and one given back comes last", () => {
  const pool = new SlotPool(3);
  assert.deepEqual([pool.take(), pool.take()], [0, 1]);
  pool.giveBack(0);
  assert.deepEqual([pool.take(), pool.take(), pool.take()], [2, 0, undefined]);
  assert.equal(pool.hasFree, false);
  pool.giveBack(1);
  assert.equal(pool.hasFree, true);
});
