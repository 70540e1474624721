import assert from "node:assert/strict";
import { idleFigures } from "./idle.ts";
import { parseActivity, processActivity } from "./proc.ts";

Deno.test("idle cost is percent of a core and wake-ups a second", () => {
  const [before, after] = [{ nanoseconds: 5e9, switches: 100 }, { nanoseconds: 5.02e9, switches: 160 }];
  const { processor, wakeUps } = idleFigures(before, after, 20);
  assert.equal(processor.toFixed(3), "0.100");
  assert.equal(wakeUps, 3);
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
    const before = await processActivity(Deno.pid);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const after = await processActivity(Deno.pid);
    assert.ok(before.nanoseconds > 0 && after.nanoseconds > before.nanoseconds);
    assert.ok(after.switches > before.switches);
  },
});
