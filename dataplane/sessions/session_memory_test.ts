import assert from "node:assert/strict";
import { SESSION_BACKLOG, SESSION_STATS, SessionMemory, SessionStat } from "./session_memory.ts";

Deno.test("both sides see the same numbers and endpoints, each session its own", () => {
  const theirs = SessionMemory.allocate(3);
  const ours = new SessionMemory(theirs.buffer, 3);
  theirs.stats[SESSION_STATS + SessionStat.sentBytes] = 2 ** 40;
  theirs.setEndpoint(1, new Uint8Array([2, 0, 9, 208, 127, 0, 0, 1]));
  assert.equal(ours.stats[SESSION_STATS + SessionStat.sentBytes], 2 ** 40);
  assert.equal(ours.endpointGeneration(1), 1);
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
  memory.stats[SessionStat.counter] = 5;
  memory.clear(0);
  assert.equal(memory.stats[SessionStat.counter], 0);
  assert.equal(memory.endpointGeneration(0), 2, "so that a change is seen all the same");
});

Deno.test("an endpoint that changes while it is read is one of those that it was", async () => {
  const memory = SessionMemory.allocate(1);
  const changing = new URL("../../tests/topology/programs/endpoint_changes.ts", import.meta.url);
  memory.setEndpoint(0, new Uint8Array(28).fill(1));
  const worker = new Worker(changing, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<void>();
  worker.onmessage = () => resolve();
  worker.postMessage(memory.buffer);
  await promise;
  const generation = memory.endpointGeneration(0);
  const odd: string[] = [];
  for (let read = 0; read < 200_000; read++) {
    const endpoint = memory.endpoint(0)?.subarray(0, 28);
    if (endpoint === undefined || endpoint.some((octet) => octet !== endpoint[0])) {
      odd.push(endpoint?.toHex() ?? "none");
    }
  }
  worker.terminate();
  assert.deepEqual(odd, []);
  assert.ok(memory.endpointGeneration(0) > generation, "it has changed meanwhile");
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
