import assert from "node:assert/strict";
import fc from "fast-check";
import { compareTimestamps, encodeTimestamp, TimestampSource } from "./timestamp.ts";

Deno.test("a timestamp is TAI64N, its nanoseconds in steps of 2^24", () => {
  // 1970-01-01T00:00:00Z is 10 s into TAI64's 2^62 (cr.yp.to/libtai/tai64.html).
  assert.equal(encodeTimestamp(0).toHex(), "400000000000000a00000000");
  assert.equal(encodeTimestamp(1767225600_500).toHex(), "400000006955b90a1d000000");
  assert.equal(encodeTimestamp(2 ** 32 * 1000).toHex(), "400000010000000a00000000");
});

Deno.test("timestamps grow, however the clock goes, and follow it where it goes on", () => {
  const anyClock = fc.array(
    fc.oneof(
      fc.nat({ max: 40 }),
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.double({ min: 0, max: 20, noNaN: true }),
    ),
    { maxLength: 100 },
  );
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 33 * 1000 }), anyClock, (start, steps) => {
    const source = new TimestampSource();
    let now = start;
    let last = source.next(now);
    let highest = now;
    for (const step of steps) {
      now = Math.max(0, now + step);
      const next = source.next(now);
      assert.ok(compareTimestamps(next, last) > 0);
      if (now > highest + 2000) assert.deepEqual(next, encodeTimestamp(now));
      highest = Math.max(highest, now);
      last = next;
    }
  }));
});

Deno.test("timestamps compare as the times they stand for", () => {
  const anyTime = fc.integer({ min: 0, max: 2 ** 33 * 1000 });
  fc.assert(fc.property(anyTime, fc.integer({ min: 17, max: 10_000_000 }), (time, later) => {
    const [a, b] = [encodeTimestamp(time), encodeTimestamp(time + later)];
    assert.ok(compareTimestamps(a, b) < 0 && compareTimestamps(b, a) > 0);
    assert.equal(compareTimestamps(a, a.slice()), 0);
  }));
});
