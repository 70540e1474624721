import assert from "node:assert/strict";
import { parseAddress } from "../net/address.ts";
import { AnswerRecord, MIN_MISSES, MIN_NEW_MISSES } from "./answer_record.ts";
import type { Candidate } from "./probed_network.ts";

function candidate(container: string, port?: number): Candidate {
  const address = parseAddress(`172.20.0.${container.charCodeAt(0)}`);
  assert.ok(address);
  return { container, address, port };
}

/** Asks once; those of the names answer. */
function ask(record: AnswerRecord, ...answering: string[]): string {
  const asked = record.asked();
  const isAnswered = ({ container }: Candidate) => answering.includes(container);
  record.settle(asked.map((each) => ({ candidate: each, isAnswered: isAnswered(each) })));
  return asked.map(({ container }) => container).join("");
}

function recordOf(...candidates: Candidate[]): AnswerRecord {
  const record = new AnswerRecord();
  record.candidates = candidates;
  return record;
}

Deno.test("what has answered and is silent twice in a row does not answer; one answer clears it", () => {
  const record = recordOf(candidate("a"));
  ask(record, "a");
  assert.equal(record.answering, "yes");
  for (let miss = 1; miss < MIN_MISSES; miss++) {
    ask(record);
    assert.deepEqual([record.answering, record.isSuspect], ["yes", true]);
  }
  ask(record);
  assert.deepEqual([record.answering, record.isSuspect], ["no", false]);
  ask(record, "a");
  assert.deepEqual([record.answering, record.isSuspect], ["yes", false]);
  ask(record);
  assert.equal(record.answering, "yes");
});

Deno.test("one that has never answered and has no port tells nothing, however long it is silent", () => {
  const record = recordOf(candidate("a"), candidate("b"));
  for (let round = 0; round < 50; round++) ask(record);
  assert.deepEqual([record.answering, record.isSuspect], ["unknown", false]);
});

Deno.test("one with a port tells after a longer silence: it may still be starting", () => {
  const record = recordOf(candidate("a", 80));
  for (let miss = 1; miss < MIN_NEW_MISSES; miss++) ask(record);
  assert.deepEqual([record.answering, record.isSuspect], ["unknown", true]);
  ask(record);
  assert.equal(record.answering, "no");
});

Deno.test("the one that answered last is asked alone, and others beside it once it is silent", () => {
  const record = recordOf(candidate("a"), candidate("b"), candidate("c"), candidate("d"));
  assert.equal(ask(record, "c"), "abc");
  assert.equal(ask(record, "c"), "c");
  assert.equal(ask(record), "c");
  assert.equal(ask(record, "a"), "cab");
  assert.equal(record.answering, "yes");
  assert.equal(ask(record, "a"), "a");
});

Deno.test("each has its turn where none has answered yet", () => {
  const record = recordOf(...[..."abcde"].map((name) => candidate(name)));
  const asked = [ask(record), ask(record)].join("");
  assert.deepEqual([...new Set(asked)].sort(), [..."abcde"]);
  ask(record, "b", "a");
  assert.equal(record.answering, "yes");
});

Deno.test("the silence of one that is gone was its end", () => {
  const record = recordOf(candidate("a"), candidate("b"));
  ask(record, "a");
  ask(record);
  record.candidates = [candidate("b")];
  assert.deepEqual([record.answering, record.isSuspect], ["unknown", false]);
  ask(record);
  ask(record);
  assert.equal(record.answering, "unknown");
});

Deno.test("what came of asking one that is gone meanwhile counts for nothing", () => {
  const record = recordOf(candidate("a"));
  ask(record, "a");
  ask(record);
  const asked = record.asked();
  record.candidates = [];
  record.settle(asked.map((each) => ({ candidate: each, isAnswered: false })));
  assert.equal(record.answering, "unknown");
});

Deno.test("a container with another address is another one", () => {
  const record = recordOf(candidate("a"));
  ask(record, "a");
  const address = parseAddress("172.20.0.200");
  assert.ok(address);
  record.candidates = [{ ...candidate("a"), address }];
  assert.equal(record.hasAnswered, false);
});

Deno.test("a break stays while one that has answered is silent, whichever others come and go", () => {
  const record = recordOf(candidate("a"), candidate("b"));
  ask(record, "a", "b");
  ask(record);
  ask(record);
  record.candidates = [candidate("a"), candidate("c")];
  assert.equal(record.answering, "no");
  record.candidates = [candidate("c")];
  assert.equal(record.answering, "unknown");
});
