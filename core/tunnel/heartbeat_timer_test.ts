import assert from "node:assert/strict";
import fc from "fast-check";
import { HeartbeatTimer } from "./heartbeat_timer.ts";

const INTERVAL = 5000;
const START = 1000;

interface Link {
  /** Whether a heartbeat sent at this time is answered. */
  readonly answers: (time: number) => boolean;
  readonly received?: (time: number) => boolean;
  readonly sent?: (time: number) => boolean;
}

/** Runs the clock to `end`; when heartbeats and look-ups were due. */
function run(link: Link, end: number, interval = INTERVAL): { heartbeats: number[]; lookups: number[] } {
  const clock = new HeartbeatTimer(interval, START);
  const heartbeats: number[] = [];
  const lookups: number[] = [];
  while (clock.nextDeadline <= end) {
    const now = clock.nextDeadline;
    const due = clock.tick(now, link.received?.(now) ?? false, link.sent?.(now) ?? false);
    if (due.lookup) lookups.push(now);
    if (!due.heartbeat) continue;
    heartbeats.push(now);
    if (link.answers(now)) clock.onReceive(now);
  }
  return { heartbeats, lookups };
}

const differences = (times: number[]) => times.slice(1).map((time, index) => time - times[index]);

Deno.test("an idle tunnel whose server answers costs one heartbeat an interval, the first at once", () => {
  const { heartbeats, lookups } = run({ answers: () => true }, START + 20_000);
  assert.deepEqual(heartbeats, [1000, 6000, 11_000, 16_000, 21_000]);
  assert.deepEqual(lookups, []);
});

Deno.test("traffic both ways makes heartbeats unnecessary", () => {
  const busy = { answers: () => false, received: () => true, sent: () => true };
  assert.deepEqual(run(busy, START + 60_000), { heartbeats: [], lookups: [] });
});

Deno.test("traffic one way alone still takes a heartbeat an interval", () => {
  const sending = run({ answers: () => true, sent: () => true }, START + 60_000);
  assert.ok(differences(sending.heartbeats).every((pause) => pause === INTERVAL));
  const receiving = run({ answers: () => true, received: () => true }, START + 60_000);
  assert.ok(differences(receiving.heartbeats).every((pause) => pause <= INTERVAL));
  assert.ok(receiving.heartbeats.length > 0);
});

Deno.test("an unanswered heartbeat is repeated every 400 ms for a minute, then every 1.5 s", () => {
  const { heartbeats } = run({ answers: () => false }, START + 100_000);
  const pauses = differences(heartbeats);
  assert.deepEqual(pauses.slice(0, 150), new Array(150).fill(400));
  assert.deepEqual(pauses.slice(150), new Array(26).fill(1_500));
});

Deno.test("after two unanswered heartbeats the name is looked up, with pauses that double to thirty seconds", () => {
  const { lookups } = run({ answers: () => false }, START + 200_000);
  assert.equal(lookups[0], START + 800);
  // Each comes with a heartbeat, the next one after the pause.
  assert.deepEqual(differences(lookups).slice(0, 4), [1200, 2000, 4000, 8000]);
  assert.ok(differences(lookups).slice(5).every((pause) => pause >= 30_000 && pause < 30_000 + INTERVAL));
});

Deno.test("once the server was heard again, its next silence is looked into at once", () => {
  // Silent for 40 s, back for 10, silent again.
  const { heartbeats, lookups } = run({ answers: (time) => time > 41_000 && time < 51_000 }, 70_000);
  const answered = heartbeats.filter((time) => time > 41_000 && time < 51_000);
  const [next] = lookups.filter((time) => time > 51_000);
  const silent = heartbeats.filter((time) => time > (answered.at(-1) ?? 0));
  assert.equal(next, silent[2], "with the third unanswered heartbeat");
});

Deno.test("an interval below 400 ms is the pace of repetition too", () => {
  const { heartbeats } = run({ answers: () => false }, START + 1000, 100);
  assert.ok(differences(heartbeats).every((pause) => pause === 100));
});

Deno.test("a lost datagram or two do not make a server silent", () => {
  const clock = new HeartbeatTimer(INTERVAL, 0);
  for (const silent of [false, false, true, true]) {
    clock.tick(clock.nextDeadline, false, false);
    assert.equal(clock.isSilent, silent);
  }
  clock.onReceive(clock.nextDeadline);
  for (const silent of [false, false, true]) {
    while (!clock.tick(clock.nextDeadline, false, false).heartbeat);
    assert.equal(clock.isSilent, silent, "counted from zero again");
  }
});

Deno.test("whatever happens, the next tick lies ahead, and no further than the interval", () => {
  const anyEvent = fc.record({
    received: fc.boolean(),
    sent: fc.boolean(),
    heard: fc.boolean(),
    late: fc.nat({ max: 3000 }),
  });
  fc.assert(fc.property(fc.integer({ min: 1, max: 20_000 }), fc.array(anyEvent), (interval, events) => {
    const clock = new HeartbeatTimer(interval, 0);
    for (const { received, sent, heard, late } of events) {
      const now = clock.nextDeadline + late;
      const due = clock.tick(now, received, sent);
      assert.ok(!due.heartbeat || !(received && sent));
      assert.ok(!due.lookup || due.heartbeat);
      if (heard) clock.onReceive(now);
      assert.ok(clock.nextDeadline > now && clock.nextDeadline <= now + interval);
    }
  }));
});

Deno.test("after a change of the network a heartbeat is due at once, and the name is looked up a second later", () => {
  const timer = new HeartbeatTimer(INTERVAL, 0);
  timer.tick(0, false, false);
  timer.onReceive(10);
  timer.onNetworkChange(2_000);
  const due: [number, boolean, boolean][] = [];
  for (let now = timer.nextDeadline; now <= 2_800; now = timer.nextDeadline) {
    const { heartbeat, lookup } = timer.tick(now, false, true);
    due.push([now, heartbeat, lookup]);
  }
  assert.deepEqual(due, [[2_000, true, false], [2_400, true, false], [2_800, true, true]]);
});

Deno.test("traffic that begins on an idle tunnel and gets no answer is followed by a heartbeat within a second", () => {
  const isTraffic = (time: number) => time > 10_000 && time <= 12_000;
  const answers = (time: number) => time < 20_100;
  const received = isTraffic;
  const sent = (time: number) => isTraffic(time) || time > 20_100;
  const { heartbeats, lookups } = run({ answers, received, sent }, 24_000);
  const [first = 0] = heartbeats.filter((time) => time > 20_100);
  assert.ok(first <= 21_100, `the heartbeat is sent at ${first}`);
  assert.equal(lookups[0], first + 800);
});

Deno.test("after a server's end a heartbeat is due as soon as one without an answer is repeated", () => {
  const timer = new HeartbeatTimer(INTERVAL, START);
  assert.equal(timer.tick(START, false, false).heartbeat, true);
  timer.onReceive(START);
  timer.hasten(START + 10);
  assert.equal(timer.nextDeadline, START + 410);
  assert.equal(timer.tick(START + 410, false, false).heartbeat, true);
});
