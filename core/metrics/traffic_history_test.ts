import assert from "node:assert/strict";
import { HISTORY_SPAN, TrafficHistory } from "./traffic_history.ts";

Deno.test("a row is the mean rate since the row before, however far that is away", () => {
  const history = new TrafficHistory();
  history.add({ at: 1000, sent: 0, received: 0, roundTripMs: undefined });
  assert.deepEqual(history.latest().time, []);
  history.add({ at: 2000, sent: 1000, received: 500, roundTripMs: 0.5 });
  history.add({ at: 12_000, sent: 11_000, received: 500, roundTripMs: undefined });
  assert.deepEqual(history.columns(12_000), {
    time: [2, 12],
    sent: [8000, 8000],
    received: [4000, 0],
    roundTripMs: [0.5, null],
  });
  assert.deepEqual(history.latest(), { time: [12], sent: [8000], received: [0], roundTripMs: [null] });
});

Deno.test("what is older than 15 minutes is gone, and memory does not grow", () => {
  const history = new TrafficHistory();
  for (let second = 0; second <= 2000; second++) {
    history.add({ at: second * 1000, sent: second * 125, received: 0, roundTripMs: 1 });
  }
  const { time, sent } = history.columns(2_000_000);
  assert.ok(time.length <= HISTORY_SPAN / 1000 && time.length >= HISTORY_SPAN / 1000 - 1, `${time.length}`);
  assert.deepEqual([time.at(-1), new Set(sent)], [2000, new Set([1000])]);
  assert.ok((time[0] ?? 0) >= 2000 - HISTORY_SPAN / 1000);
  assert.deepEqual(history.columns(2_000_000 + HISTORY_SPAN + 1).time, []);
});

Deno.test("a clock that is set back starts the charts over, and counters that go back give no negative rate", () => {
  const history = new TrafficHistory();
  history.add({ at: 10_000, sent: 0, received: 0, roundTripMs: undefined });
  history.add({ at: 10_000, sent: 5, received: 0, roundTripMs: undefined });
  history.add({ at: 11_000, sent: 1000, received: 0, roundTripMs: undefined });
  assert.deepEqual(history.columns(11_000).sent, [8000]);
  history.add({ at: 5000, sent: 2000, received: 0, roundTripMs: undefined });
  history.add({ at: 6000, sent: 1000, received: 0, roundTripMs: undefined });
  assert.deepEqual([history.columns(6000).time, history.columns(6000).sent], [[6], [0]]);
});
