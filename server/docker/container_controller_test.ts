import assert from "node:assert/strict";
import { RetryWorker } from "./container_controller.ts";

Deno.test("RetryWorker runs once more for all calls during a run", async () => {
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

Deno.test("RetryWorker reports a failure and tries again after a second, whatever calls come before", async () => {
  const times: number[] = [];
  const reported: string[] = [];
  const done = Promise.withResolvers<void>();
  await using work = new RetryWorker(() => {
    times.push(performance.now());
    if (times.length > 1) return Promise.resolve(done.resolve());
    return Promise.reject(new Error("Cannot do it: no"));
  }, (error) => {
    reported.push(String(error));
    work.wake();
    return 1000;
  });
  work.wake();
  await done.promise;
  const [first = 0, second = 0] = times;
  assert.deepEqual(reported, ["Error: Cannot do it: no"]);
  assert.ok(second - first >= 990, `${second - first} ms`);
});

Deno.test("RetryWorker runs at once after a failure that says nothing any more", async () => {
  const runs = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const failed = Promise.withResolvers<void>();
  await using work = new RetryWorker(() => {
    runs[count]?.resolve();
    return count++ === 0 ? Promise.reject(new Error("Cannot do it: no")) : Promise.resolve();
  }, () => {
    failed.resolve();
    return 60_000;
  });
  work.wake();
  await failed.promise;
  await new Promise((resolve) => setTimeout(resolve, 0));
  work.reset();
  work.wake();
  await runs[1]?.promise;
});

Deno.test("RetryWorker runs nothing once it is disposed of", async () => {
  let runs = 0;
  const work = new RetryWorker(() => Promise.reject(new Error(`run ${++runs}`)), () => 1);
  work.wake();
  await work[Symbol.asyncDispose]();
  work.wake();
  assert.equal(runs, 1);
});
