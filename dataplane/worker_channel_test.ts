import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES, type CounterTable } from "../core/counters.ts";
import { BACKLOG, SharedState } from "./worker_channel.ts";

Deno.test("so many messages may wait and no more, until one is taken", () => {
  const ours = SharedState.allocate();
  const theirs = new SharedState(ours.buffer);
  for (let message = 0; message < BACKLOG; message++) assert.ok(theirs.noteMessage());
  assert.equal(theirs.noteMessage(), false);
  assert.equal(theirs.noteMessage(), false);
  ours.noteMessageTaken();
  assert.ok(theirs.noteMessage());
  assert.equal(theirs.noteMessage(), false);
});

Deno.test("the backlog is bounded when its counts wrap", () => {
  const state = SharedState.allocate();
  new Int32Array(state.buffer, 2 * COUNTER_BYTES).fill(0x7fff_fff0);
  let noted = 0;
  while (noted < 1000 && state.noteMessage()) noted++;
  assert.equal(noted, BACKLOG);
  for (let message = 0; message < BACKLOG; message++) state.noteMessageTaken();
  assert.ok(state.noteMessage());
});

Deno.test("both sides see the same counters of each path, and the counts are not among them", () => {
  const ours = SharedState.allocate();
  const theirs = new SharedState(ours.buffer);
  theirs.counters.udp[Counter["outbound.bytes"]] += 2 ** 40;
  theirs.counters.engine[Counter["outbound.bytes"]] += 3;
  theirs.noteMessage();
  const total = (table: CounterTable) => table.reduce((total, count) => total + count, 0);
  assert.deepEqual([total(ours.counters.udp), total(ours.counters.engine)], [2 ** 40, 3]);
});
