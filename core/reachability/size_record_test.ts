import assert from "node:assert/strict";
import { SizeRecord } from "./size_record.ts";

Deno.test("two misses make a search, and only what that finds is a loss", () => {
  const record = new SizeRecord();
  record.settle("missed");
  assert.deepEqual([record.isSuspect, record.isToSearch], [true, false]);
  record.settle("missed");
  assert.deepEqual([record.isSuspect, record.isToSearch, record.passes], [true, true, undefined]);
  record.settle({ passes: 1272 });
  assert.deepEqual([record.isSuspect, record.isToSearch, record.passes], [false, false, 1272]);
  record.settle("missed");
  assert.deepEqual([record.isSuspect, record.passes], [false, 1272]);
  record.settle("answered");
  assert.deepEqual([record.isSuspect, record.passes], [false, undefined]);
});

Deno.test("an answer between two misses ends the suspicion", () => {
  const record = new SizeRecord();
  for (let round = 0; round < 10; round++) {
    record.settle("missed");
    record.settle("answered");
    assert.deepEqual([record.isSuspect, record.isToSearch], [false, false]);
  }
});

Deno.test("who answers no echo request is not searched again before it answers one", () => {
  const record = new SizeRecord();
  record.settle("missed");
  record.settle("missed");
  record.settle("mute");
  for (let round = 0; round < 5; round++) {
    record.settle("missed");
    assert.deepEqual([record.isSuspect, record.passes], [false, undefined]);
  }
  record.settle("answered");
  record.settle("missed");
  assert.ok(record.isSuspect);
});
