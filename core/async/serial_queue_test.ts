import assert from "node:assert/strict";
import { SerialQueue } from "./serial_queue.ts";

function never(error: unknown): void {
  throw error;
}

Deno.test("works do not overlap and keep their order", async () => {
  const queue = new SerialQueue(never);
  const seen: string[] = [];
  const first = Promise.withResolvers<void>();
  queue.start(async () => {
    seen.push("first begins");
    await first.promise;
    seen.push("first ends");
  });
  const second = queue.run(() => seen.push("second"));
  await Promise.resolve();
  first.resolve();
  assert.equal(await second, 3);
  assert.deepEqual(seen, ["first begins", "first ends", "second"]);
});

Deno.test("an error goes to the one who waits, else to one place, and holds up nothing", async () => {
  const lost: unknown[] = [];
  const queue = new SerialQueue((error) => lost.push(error));
  await assert.rejects(queue.run(() => Promise.reject(new Error("waited for"))), /waited for/);
  queue.start(() => Promise.reject(new Error("rejected")));
  queue.start(() => {
    throw new Error("thrown");
  });
  assert.equal(await queue.run(() => 7), 7);
  assert.deepEqual(lost.map(String), ["Error: rejected", "Error: thrown"]);
});

Deno.test("a closed queue finishes what is under way and takes nothing more", async () => {
  const queue = new SerialQueue(never);
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const running = queue.run(async () => {
    await gate.promise;
    seen.push("running");
  });
  queue.start(() => void seen.push("waiting"));
  const closed = queue.close();
  gate.resolve();
  await Promise.all([running, closed]);
  queue.start(() => void seen.push("late"));
  await assert.rejects(queue.run(() => 1), TypeError);
  assert.equal(queue.isClosed, true);
  assert.deepEqual(seen, ["running"]);
});
