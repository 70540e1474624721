import assert from "node:assert/strict";
import { type Break, RepairSequence, type RepairStep, STEP_MS } from "./repair_sequence.ts";

const WHOLE: Break = {
  silent: ["n/4", "client/4"],
  clientAnswers: false,
  anyAnswers: false,
  isCertain: true,
};
const PART: Break = { silent: ["n/4"], clientAnswers: true, anyAnswers: true, isCertain: true };

/** Looks each second for so long; the steps with their seconds. */
function steps(sequence: RepairSequence, found: Break | undefined, from: number, seconds: number): string[] {
  const taken: string[] = [];
  for (let second = from; second < from + seconds; second++) {
    const step = sequence.next(found, second * 1000);
    if (step !== undefined) taken.push(`${second} ${step}`);
  }
  return taken;
}

Deno.test("a break of everything is healed by each step once, the mildest first, with time between two", () => {
  const sequence = new RepairSequence();
  assert.equal(STEP_MS, 3000);
  assert.deepEqual(steps(sequence, WHOLE, 0, 600), [
    "0 routes",
    "3 rules",
    "6 path",
    "9 attachment",
    "12 client",
  ]);
  assert.equal(sequence.isActive(WHOLE, 600_000), false);
});

Deno.test("a break of one network among others touches neither the path nor the client's container", () => {
  assert.deepEqual(steps(new RepairSequence(), PART, 0, 600), ["0 routes", "3 rules"]);
});

Deno.test("what has never answered is no reason to restart the client's container", () => {
  const found = { ...WHOLE, clientAnswers: true, isCertain: false };
  assert.deepEqual(steps(new RepairSequence(), found, 0, 600), ["0 routes", "3 rules"]);
});

Deno.test("one that comes back soon goes on where it was, a later one begins again", () => {
  const sequence = new RepairSequence();
  assert.deepEqual(steps(sequence, PART, 0, 2), ["0 routes"]);
  assert.deepEqual(steps(sequence, undefined, 2, 20), []);
  assert.deepEqual(steps(sequence, PART, 22, 20), ["22 rules"]);
  assert.deepEqual(steps(sequence, undefined, 42, 60), []);
  assert.deepEqual(steps(sequence, PART, 102, 20), ["102 routes", "105 rules"]);
});

Deno.test("one more network that breaks begins the steps again", () => {
  const sequence = new RepairSequence();
  steps(sequence, PART, 0, 20);
  const more = { ...PART, silent: ["n/4", "m/4"] };
  assert.deepEqual(steps(sequence, more, 20, 20), ["20 routes", "23 rules"]);
  assert.deepEqual(steps(sequence, PART, 40, 20), []);
});

Deno.test("the client's container is restarted once in five minutes, however often it breaks", () => {
  const sequence = new RepairSequence();
  const restarts: string[] = [];
  for (let start = 0; start < 900; start += 90) {
    restarts.push(...steps(sequence, WHOLE, start, 20).filter((step) => step.endsWith("client")));
    steps(sequence, undefined, start + 20, 70);
  }
  assert.deepEqual(restarts, ["12 client", "372 client", "732 client"]);
});

Deno.test("a step that cannot be taken makes the next one wait no longer", () => {
  const sequence = new RepairSequence();
  const taken: (RepairStep | undefined)[] = [sequence.next(WHOLE, 0)];
  sequence.skip();
  taken.push(sequence.next(WHOLE, 0));
  assert.deepEqual(taken, ["routes", "rules"]);
});
