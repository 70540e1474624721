import assert from "node:assert/strict";
import { TokenBucket } from "./token_bucket.ts";

/** How many of a thousand tries at one time succeed. */
function tries(bucket: TokenBucket, now: number): number {
  let taken = 0;
  for (let index = 0; index < 1000; index++) if (bucket.take(1, now)) taken++;
  return taken;
}

Deno.test("a bucket gives its size at once and its rate thereafter", () => {
  const bucket = new TokenBucket(10, 50, 0);
  assert.equal(tries(bucket, 0), 50);
  assert.equal(tries(bucket, 1000), 10);
  assert.equal(tries(bucket, 60_000), 50);
});

Deno.test("a clock that is set back by a day holds no token back, and brings none", () => {
  const day = 86_400_000;
  const bucket = new TokenBucket(10, 50, day);
  assert.equal(tries(bucket, day), 50);
  assert.equal(tries(bucket, 0), 0);
  assert.equal(tries(bucket, 1000), 10);
});
