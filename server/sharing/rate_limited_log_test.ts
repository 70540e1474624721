import assert from "node:assert/strict";
import { RateLimitedLog } from "./rate_limited_log.ts";

Deno.test("an address is named once a minute", () => {
  const log = new RateLimitedLog();
  const times = [0, 1000, 59_999, 60_000, 60_001, 119_999, 120_000];
  assert.deepEqual(times.map((now) => log.allow("192.0.2.1", now)), [
    true,
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
  assert.equal(log.count, 7);
});

Deno.test("forged addresses do not fill the log, nor the memory", () => {
  const log = new RateLimitedLog();
  const named = Array.from(
    { length: 10_000 },
    (_, index) => log.allow(`10.0.${index >> 8}.${index & 255}`, index),
  )
    .filter((isNamed) => isNamed);
  assert.equal(named.length, 64);
  assert.ok(log.allow("192.0.2.1", 70_000));
});
