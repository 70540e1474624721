import assert from "node:assert/strict";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { deadline, sleep, soonest } from "./clock.ts";

Deno.test("deadline: an outcome in time counts, an error too", async () => {
  const clock = new FakeClock();
  assert.equal(await deadline(Promise.resolve(7), 10, () => 0, clock), 7);
  await assert.rejects(deadline(Promise.reject(new Error("no")), 10, () => 0, clock), /no/);
  assert.equal(clock.nextDue, undefined, "no timer is left");
});

Deno.test("deadline: a late outcome is replaced, by a value or by an error", async () => {
  const clock = new FakeClock();
  const never = new Promise<number>(() => {});
  const replaced = deadline(never, 10, () => -1, clock);
  const thrown = assert.rejects(
    deadline(never, 10, () => {
      throw new Error("too late");
    }, clock),
    /too late/,
  );
  await clock.advance(10);
  assert.equal(await replaced, -1);
  await thrown;
});

Deno.test("sleep ends at its time", async () => {
  const clock = new FakeClock();
  let isOver = false;
  const slept = sleep(10, clock).then(() => isOver = true);
  await clock.advance(9);
  assert.equal(isOver, false);
  await clock.advance(1);
  await slept;
});

Deno.test("soonest leaves out the times that are not set", () => {
  assert.equal(soonest(undefined, 3, 2, undefined), 2);
  assert.equal(soonest(undefined), undefined);
});
