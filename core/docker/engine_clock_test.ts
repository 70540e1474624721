import assert from "node:assert/strict";
import { EngineClock } from "./engine_clock.ts";

const NOW = Date.parse("Thu, 05 Mar 2026 12:00:00 GMT");

/** An answer that came at once, from a clock so many milliseconds ahead; its date has whole seconds. */
function answerOf(ahead: number, tookMs = 0) {
  const at = NOW + 400;
  return { sentAt: at, receivedAt: at + tookMs, date: new Date(at + ahead).toUTCString() };
}

function aheadAfter(...answers: Parameters<EngineClock["note"]>[0][]): number | undefined {
  const clock = new EngineClock();
  for (const answer of answers) clock.note(answer);
  return clock.aheadMs;
}

Deno.test("two answers tell how far the Engine's clock is ahead or behind, to a second", () => {
  assert.equal(aheadAfter(answerOf(600_000)), undefined);
  for (const ahead of [-600_000, -31_500, 31_500, 600_000, 86_400_000]) {
    const told = aheadAfter(answerOf(ahead), answerOf(ahead)) ?? NaN;
    assert.ok(Math.abs(told - ahead) <= 1000, `${told} instead of ${ahead}`);
  }
  assert.equal(aheadAfter(answerOf(0), answerOf(0)), 0);
  assert.equal(aheadAfter(answerOf(500), answerOf(-500)), 0);
});

Deno.test("an answer that was long on the way, and a single odd one, show no difference", () => {
  const slow = { ...answerOf(0), receivedAt: NOW + 90_000 };
  const late = { ...answerOf(0), sentAt: NOW - 90_000 };
  assert.equal(aheadAfter(slow, slow), 0);
  assert.equal(aheadAfter(late, late), 0);
  assert.equal(aheadAfter(answerOf(0), answerOf(600_000)), 0);
  assert.equal(aheadAfter(answerOf(600_000), answerOf(600_000), answerOf(0)), 0);
});

Deno.test("a date that cannot be read says nothing", () => {
  for (
    const date of [
      undefined,
      "",
      "now",
      "2026-03-05T12:00:00Z",
      "Thu, 99 Mar 2026 12:00:00 GMT",
      "Thu, 05 Foo 2026 12:00:00 GMT",
      `${answerOf(0).date} ${"x".repeat(8000)}`,
    ]
  ) {
    assert.equal(aheadAfter({ ...answerOf(0), date }, { ...answerOf(0), date }), undefined, date);
    const other = { ...answerOf(0), date };
    const told = aheadAfter(answerOf(600_000), other, answerOf(600_000)) ?? NaN;
    assert.ok(told > 599_000, `${told}`);
  }
});

Deno.test("an event whose time differs from the answers is worth a new one, once", () => {
  const clock = new EngineClock();
  assert.ok(!clock.doubts(NOW + 600_000, NOW), "no answer yet");
  clock.note(answerOf(0));
  clock.note(answerOf(0));
  assert.ok(!clock.doubts(undefined, NOW));
  assert.ok(!clock.doubts(NOW - 20_000, NOW));
  assert.ok(clock.doubts(NOW + 600_000, NOW));
  assert.ok(!clock.doubts(NOW + 601_000, NOW));
  assert.ok(clock.doubts(NOW - 600_000, NOW));
  assert.ok(!clock.doubts(NOW, NOW));
  assert.ok(clock.doubts(NOW - 600_000, NOW), "it agreed in between");
});
