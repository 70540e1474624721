import assert from "node:assert/strict";
import { tryTwice } from "./iperf.ts";

Deno.test("a run that fails once is repeated, and what it failed of is told before", async () => {
  const course: string[] = [];
  const run = () => {
    course.push("run");
    return course.length === 1 ? Promise.reject(new Error("iperf3: unable to connect")) : Promise.resolve(7);
  };
  assert.equal(await tryTwice(run, (why) => void course.push(why)), 7);
  assert.deepEqual(course, ["run", "iperf3: unable to connect", "run"]);
});

Deno.test("a run that fails twice is a failure, one that succeeds tells nothing", async () => {
  let repeats = 0;
  const repeated = () => void repeats++;
  await assert.rejects(tryTwice(() => Promise.reject(new Error("no way")), repeated), /no way/);
  assert.equal(await tryTwice(() => Promise.resolve(1), repeated), 1);
  assert.equal(repeats, 1);
});
