import assert from "node:assert/strict";
import { FlapDamper } from "./flap_damper.ts";

/** Takes a key away as soon as it is put back, until the time is over; when it was put back. */
function fight(damper: FlapDamper, key: string, until: number): number[] {
  const times: number[] = [];
  for (let now = 0; now < until; now += 50) {
    damper.down(key, now);
    if (!damper.mayRestore(key, now)) continue;
    damper.up(key, now);
    times.push(now);
  }
  return times;
}

Deno.test("what was never lost is due, and not contested", () => {
  const damper = new FlapDamper();
  assert.deepEqual(
    [damper.mayRestore("a", 0), damper.isDown("a"), damper.isFlapping("a", 0)],
    [true, false, false],
  );
  assert.equal(damper.nextDeadline(0), undefined);
});

Deno.test("the first losses are fixed at once, later ones with pauses that grow to half a minute", () => {
  const damper = new FlapDamper();
  const times = fight(damper, "a", 200_000);
  assert.deepEqual(times.slice(0, 8), [0, 50, 100, 150, 1150, 3150, 7150, 15_150]);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.equal(Math.max(...pauses), 30_000);
  assert.ok(damper.isFlapping("a", 200_000));
  assert.equal(damper.isFlapping("b", 200_000), false);
});

Deno.test("it is told when the next thing is due, and when a contested one counts as calm", () => {
  const damper = new FlapDamper();
  fight(damper, "a", 200);
  damper.down("a", 200);
  assert.equal(damper.isDown("a"), true);
  assert.equal(damper.nextDeadline(200), 950);
  assert.equal(damper.nextDeadline(1150), undefined, "what is due already is not waited for");
  damper.up("a", 1150);
  assert.equal(damper.isFlapping("a", 1150), true);
  assert.equal(damper.nextDeadline(1150), 60_000);
  assert.equal(damper.isFlapping("a", 61_150), false);
  assert.equal(damper.nextDeadline(61_150), undefined);
});

Deno.test("after a minute in place, and once forgotten, a loss is the first again", () => {
  const damper = new FlapDamper();
  fight(damper, "a", 5_000);
  fight(damper, "b", 5_000);
  damper.up("a", 7_150);
  damper.remove("b");
  for (const [key, now] of [["a", 67_150], ["b", 5_001]] as const) {
    damper.down(key, now);
    assert.deepEqual([damper.mayRestore(key, now), damper.isFlapping(key, now)], [true, false]);
  }
});

Deno.test("once forgiven, what is lost is due at once and nothing is contested", () => {
  const damper = new FlapDamper();
  fight(damper, "lost", 5_000);
  damper.down("lost", 5_000);
  fight(damper, "back", 5_000);
  damper.up("back", 7_150);
  damper.forgive(8_000);
  assert.deepEqual([damper.isDown("lost"), damper.mayRestore("lost", 8_000)], [true, true]);
  assert.deepEqual([damper.isDown("back"), damper.mayRestore("back", 8_000)], [false, true]);
  assert.deepEqual([damper.isFlapping("lost", 8_000), damper.isFlapping("back", 8_000)], [false, false]);
});
