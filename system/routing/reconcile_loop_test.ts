import assert from "node:assert/strict";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { ReconcileLoop } from "./reconcile_loop.ts";

/** A loop whose works are noted by the time they began. */
function setUp(work: (clock: FakeClock) => number | undefined | Promise<undefined> = () => undefined) {
  const clock = new FakeClock();
  const times: number[] = [];
  let change = () => {};
  let isWatching = true;
  const loop = new ReconcileLoop({
    clock,
    watch: (onChange) => {
      change = onChange;
      return { [Symbol.asyncDispose]: () => Promise.resolve(void (isWatching = false)) };
    },
    work: async () => {
      times.push(clock.time);
      return await work(clock);
    },
  });
  return { clock, times, loop, change: () => change(), isWatching: () => isWatching };
}

Deno.test("the work is done every 30 s when nothing changes", async () => {
  const { clock, times } = setUp();
  await clock.advance(29_999);
  assert.deepEqual(times, []);
  await clock.advance(60_001);
  assert.deepEqual(times, [30_000, 60_000, 90_000]);
});

Deno.test("it is done at once after a change, and the 30 s begin again", async () => {
  const { clock, times, change } = setUp();
  await clock.advance(10_000);
  change();
  change();
  await clock.advance(0);
  assert.deepEqual(times, [10_000]);
  await clock.advance(40_000);
  assert.deepEqual(times, [10_000, 40_000]);
});

Deno.test("it is done again when the work asks for it", async () => {
  const { clock, times, change } = setUp(() => 2_000);
  change();
  await clock.advance(5_000);
  assert.deepEqual(times, [0, 2_000, 4_000]);
});

Deno.test("while changes pour in, the work takes a tenth of the time", async () => {
  const { clock, times, change } = setUp((clock) => {
    clock.time += 100;
    return undefined;
  });
  for (let at = 0; at < 5_000; at += 50) {
    change();
    await clock.advance(50);
  }
  assert.ok(times.length >= 4 && times.length <= 6, times.join());
});

Deno.test("work that took long is followed by no long rest", async () => {
  const { clock, times, change } = setUp((clock) => {
    clock.time += 1_500;
    return undefined;
  });
  change();
  await clock.advance(0);
  change();
  await clock.advance(1_999);
  assert.deepEqual(times, [0]);
  await clock.advance(1);
  assert.deepEqual(times, [0, 3_500]);
});

Deno.test("a change during the work makes it run once more, and the end waits for it", async () => {
  const first = Promise.withResolvers<undefined>();
  const { clock, times, loop, change, isWatching } = setUp(() => first.promise);
  change();
  await clock.advance(0);
  change();
  await clock.advance(1_000);
  assert.deepEqual(times, [0], "two works at a time");
  first.resolve(undefined);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  await clock.advance(20_000);
  assert.equal(times.length, 2);
  await loop[Symbol.asyncDispose]();
  assert.equal(isWatching(), false);
  change();
  await clock.advance(100_000);
  assert.equal(times.length, 2);
});
