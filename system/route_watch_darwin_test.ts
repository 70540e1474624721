import assert from "node:assert/strict";
import { CommandWatch, watchWithLooks } from "./route_watch_darwin.ts";

/** Counts, and lets a test wait for a number. */
function counter() {
  let count = 0;
  let reached = () => {};
  return {
    tell: () => {
      count++;
      reached();
    },
    atLeast: (wanted: number) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`only ${count} of ${wanted} came`)), 20_000);
        reached = () => {
          if (count < wanted) return;
          clearTimeout(timer);
          resolve();
        };
        reached();
      }),
  };
}

Deno.test("a program that goes on is told of until it is not watched any more", async () => {
  const output = counter();
  const watch = new CommandWatch(["/bin/sh", "-c", "echo one; exec sleep 60"], output.tell);
  await output.atLeast(1);
  const start = performance.now();
  await watch[Symbol.asyncDispose]();
  assert.ok(performance.now() - start < 10_000, "it was waited for");
});

for (const argv of [["/bin/sh", "-c", "echo one"], ["/nowhere/route"], ["/bin/sh", "-c", "exit 1"]]) {
  Deno.test(`a program that ends is started again, as ${argv.join(" ")}`, async () => {
    const output = counter();
    await using _watch = new CommandWatch(argv, output.tell, 1);
    await output.atLeast(4);
  });
}

Deno.test("the pause before the next start ends with the watch", async () => {
  const output = counter();
  const watch = new CommandWatch(["/bin/sh", "-c", "exit 0"], output.tell, 60_000);
  await output.atLeast(1);
  const start = performance.now();
  await watch[Symbol.asyncDispose]();
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("a change that the program keeps to itself is looked for, until it is not watched any more", async () => {
  const changes = counter();
  const watch = watchWithLooks(["/bin/sh", "-c", "exec sleep 60"], changes.tell, 5);
  await changes.atLeast(3);
  // A timer that was left would be reported as a leak.
  await watch[Symbol.asyncDispose]();
});
