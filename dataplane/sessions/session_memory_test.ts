import assert from "node:assert/strict";
import { Fact, FACTS, SESSION_BACKLOG, SessionMemory } from "./session_memory.ts";

Deno.test("both sides see the same numbers and endpoints, each session its own", () => {
  const theirs = SessionMemory.allocate(3);
  const ours = new SessionMemory(theirs.buffer, 3);
  theirs.facts[FACTS + Fact.sentBytes] = 2 ** 40;
  theirs.setEndpoint(1, new Uint8Array([2, 0, 9, 208, 127, 0, 0, 1]));
  assert.equal(ours.facts[FACTS + Fact.sentBytes], 2 ** 40);
  assert.equal(ours.facts[FACTS + Fact.endpointGeneration], 1);
  assert.deepEqual(ours.endpoint(1)?.subarray(0, 9), new Uint8Array([2, 0, 9, 208, 127, 0, 0, 1, 0]));
  assert.equal(ours.endpoint(0), undefined);
  assert.equal(ours.endpoint(2), undefined);
  assert.equal(ours.counters.every((count) => count === 0), true);
});

Deno.test("a session that is cleared has no numbers; a shorter endpoint leaves nothing of a longer one", () => {
  const memory = SessionMemory.allocate(1);
  memory.setEndpoint(0, new Uint8Array(28).fill(7));
  memory.setEndpoint(0, new Uint8Array(16).fill(9));
  assert.deepEqual(memory.endpoint(0)?.subarray(14, 18), new Uint8Array([9, 9, 0, 0]));
  memory.facts[Fact.counter] = 5;
  memory.clear(0);
  assert.equal(memory.facts[Fact.counter], 0);
  assert.equal(memory.facts[Fact.endpointGeneration], 2, "so that a change is seen all the same");
});

Deno.test("so many messages may wait and no more, until one is taken", () => {
  const theirs = SessionMemory.allocate(1);
  const ours = new SessionMemory(theirs.buffer, 1);
  for (let message = 0; message < SESSION_BACKLOG; message++) assert.ok(theirs.noteMessage());
  assert.equal(theirs.noteMessage(), false);
  ours.noteMessageTaken();
  assert.ok(theirs.noteMessage());
  assert.equal(theirs.noteMessage(), false);
});
