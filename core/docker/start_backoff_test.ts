import assert from "node:assert/strict";
import { StartBackoff } from "./start_backoff.ts";

/** Starts whenever that is allowed until `end`, with what becomes of each; the times of the starts. */
function run(pace: StartBackoff, end: number, isRefused: boolean, life = 0): number[] {
  const times: number[] = [];
  for (let now = 0; now <= end;) {
    const wait = pace.wait("f", now);
    if (wait > 0) {
      now += wait;
      continue;
    }
    times.push(now);
    pace.tried(now);
    if (isRefused) pace.refused(now);
    else pace.started();
    now += Math.max(life, 1);
  }
  return times;
}

Deno.test("after a refusal the pauses grow from a second to four, whatever comes meanwhile", () => {
  assert.deepEqual(run(new StartBackoff(), 20_000, true), [0, 1_000, 3_000, 7_000, 11_000, 15_000, 19_000]);
});

Deno.test("a container that ends at once is started four times at once, then with growing pauses", () => {
  assert.deepEqual(run(new StartBackoff(), 40_000, false), [0, 1, 2, 3, 1_003, 3_003, 7_003, 15_003, 31_003]);
});

Deno.test("one that runs for a minute in between is always started at once", () => {
  assert.equal(run(new StartBackoff(), 600_000, false, 60_000).length, 11);
});

Deno.test("another image or other settings are tried at once", () => {
  const pace = new StartBackoff();
  run(pace, 20_000, true);
  assert.ok(pace.wait("f", 20_000) > 0);
  assert.equal(pace.wait("g", 20_000), 0);
});

Deno.test("a start that comes about ends the refusals before it", () => {
  const pace = new StartBackoff();
  for (let time = 0; time < 3; time++) {
    pace.tried(time);
    pace.refused(time);
  }
  assert.equal(pace.wait("", 3) > 0, true);
  pace.tried(10_000);
  pace.started();
  assert.equal(pace.wait("", 10_001), 0);
});
