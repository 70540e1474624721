import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { RetryWorker } from "./retry_worker.ts";

Deno.test("calls while the work is done are one more run", async () => {
  let runs = 0;
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const started = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  await using work = new RetryWorker(async () => {
    const run = runs++;
    started[run]?.resolve();
    await gates[run]?.promise;
  }, () => assert.fail("it failed"));
  work.wake();
  await started[0]?.promise;
  for (let count = 0; count < 5; count++) work.wake();
  gates[0]?.resolve();
  await started[1]?.promise;
  gates[1]?.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(runs, 2);
});

Deno.test("what failed is told and tried again after a second, whoever calls meanwhile", async () => {
  const times: number[] = [];
  const told: string[] = [];
  const done = Promise.withResolvers<void>();
  await using work = new RetryWorker(() => {
    times.push(performance.now());
    if (times.length > 1) return Promise.resolve(done.resolve());
    return Promise.reject(new OperationError("failure", "Cannot do it: no"));
  }, (fault) => {
    told.push(fault.report);
    work.wake();
  });
  work.wake();
  await done.promise;
  const [first = 0, second = 0] = times;
  assert.deepEqual(told, ["Cannot do it: no"]);
  assert.ok(second - first >= 990, `${second - first} ms`);
});

Deno.test("nothing is done once it has ended", async () => {
  let runs = 0;
  const work = new RetryWorker(() => Promise.reject(new Error(`run ${++runs}`)), () => {});
  work.wake();
  await work[Symbol.asyncDispose]();
  work.wake();
  assert.equal(runs, 1);
});
