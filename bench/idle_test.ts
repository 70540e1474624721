import assert from "node:assert/strict";
import { idleFigures } from "./idle.ts";
import { parseActivity, threadActivity } from "./proc.ts";

Deno.test("idle cost is percent of a core and wake-ups a second, a new thread's from its start", () => {
  const before = new Map([["1 main", { nanoseconds: 5e9, switches: 100 }], ["2 ended", {
    nanoseconds: 1,
    switches: 9,
  }]]);
  const after = new Map([
    ["1 main", { nanoseconds: 5.01e9, switches: 140 }],
    ["3 worker", { nanoseconds: 0.01e9, switches: 20 }],
  ]);
  const { processor, wakeUps, threads } = idleFigures(before, after, 20);
  assert.equal(processor.toFixed(3), "0.100");
  assert.equal(wakeUps, 3);
  assert.equal(threads, "main 2.0, worker 1.0");
});

Deno.test("a thread's activity is read from schedstat and status", () => {
  const status = "Name:\tx\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t3\n";
  assert.deepEqual(parseActivity("123456 789 10\n", status), { nanoseconds: 123456, switches: 17 });
  assert.throws(() => parseActivity("1 2 3\n", "Name:\tx\n"), /Cannot read activity/);
});

Deno.test({
  name: "the activity of all threads of a process grows (needs Linux)",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const sum = async () =>
      [...(await threadActivity(Deno.pid)).values()]
        .reduce((total, { switches }) => total + switches, 0);
    const before = await sum();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(await sum() > before);
  },
});
