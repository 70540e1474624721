import assert from "node:assert/strict";
import { SleepClock } from "./sleep_clock.ts";

Deno.test("sleep is told once, and what is no sleep never", () => {
  let slept = 5_000;
  const clock = new SleepClock({ read: () => slept, close: () => {} });
  assert.equal(clock.take(), 0);
  slept += 3_600_000;
  assert.equal(clock.take(), 3_600_000);
  assert.equal(clock.take(), 0);
  slept += 0.25;
  assert.equal(clock.take(), 0);
  slept += 1_000;
  assert.equal(clock.take(), 1_000.25);
});

Deno.test("the system's clocks agree while it is awake", async () => {
  using systemClock = new SleepClock();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(systemClock.take(), 0);
});
