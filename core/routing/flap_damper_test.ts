import assert from "node:assert/strict";
import { Restorations } from "./flap_damper.ts";

/** Takes a key away as soon as it is put back, until the time is over; when it was put back. */
function fight(restorations: Restorations, key: string, until: number): number[] {
  const times: number[] = [];
  for (let now = 0; now < until; now += 50) {
    restorations.lost(key, now);
    if (!restorations.isDue(key, now)) continue;
    restorations.restored(key, now);
    times.push(now);
  }
  return times;
}

Deno.test("what was never lost is due, and not contested", () => {
  const restorations = new Restorations();
  assert.deepEqual(
    [restorations.isDue("a", 0), restorations.isLost("a"), restorations.isContested("a", 0)],
    [true, false, false],
  );
  assert.equal(restorations.nextDue(0), undefined);
});

Deno.test("the first losses are mended at once, later ones with pauses that grow to half a minute", () => {
  const restorations = new Restorations();
  const times = fight(restorations, "a", 200_000);
  assert.deepEqual(times.slice(0, 8), [0, 50, 100, 150, 1150, 3150, 7150, 15_150]);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.equal(Math.max(...pauses), 30_000);
  assert.ok(restorations.isContested("a", 200_000));
  assert.equal(restorations.isContested("b", 200_000), false);
});

Deno.test("it is told when the next thing is due, and when a contested one counts as calm", () => {
  const restorations = new Restorations();
  fight(restorations, "a", 200);
  restorations.lost("a", 200);
  assert.equal(restorations.isLost("a"), true);
  assert.equal(restorations.nextDue(200), 950);
  assert.equal(restorations.nextDue(1150), undefined, "what is due already is not waited for");
  restorations.restored("a", 1150);
  assert.equal(restorations.isContested("a", 1150), true);
  assert.equal(restorations.nextDue(1150), 60_000);
  assert.equal(restorations.isContested("a", 61_150), false);
  assert.equal(restorations.nextDue(61_150), undefined);
});

Deno.test("after a minute in place, and once forgotten, a loss is the first again", () => {
  const restorations = new Restorations();
  fight(restorations, "a", 5_000);
  fight(restorations, "b", 5_000);
  restorations.restored("a", 7_150);
  restorations.forget("b");
  for (const [key, now] of [["a", 67_150], ["b", 5_001]] as const) {
    restorations.lost(key, now);
    assert.deepEqual([restorations.isDue(key, now), restorations.isContested(key, now)], [true, false]);
  }
});
