import assert from "node:assert/strict";
import { HANDSHAKE_RATE_OPTIONS, HandshakeRateLimiter } from "./handshake_rate_limiter.ts";

const address = (last: number) => Uint8Array.of(192, 0, 2 + (last >>> 8), last & 0xff);
const noCookie = () => false;
const cookie = () => true;

Deno.test("handshakes at a bearable rate are done without cookies", () => {
  const rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, 0);
  for (let count = 0; count < 1000; count++) {
    assert.equal(
      rateLimiter.allow(address(1), count * 10, () => assert.fail("mac2 was looked at")),
      "handshake",
    );
  }
});

Deno.test("in a flood the first 100 are done, then cookies are asked for until a second after it", () => {
  const rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, 0);
  const results = Array.from(
    { length: 20_000 },
    (_, index) => rateLimiter.allow(address(index), 0, noCookie),
  );
  assert.deepEqual(results.slice(0, 100), new Array(100).fill("handshake"));
  assert.deepEqual(new Set(results.slice(100)), new Set(["cookie"]));
  assert.ok(rateLimiter.isUnderLoad(999));
  assert.equal(rateLimiter.allow(address(0), 1001, noCookie), "handshake");
});

Deno.test("under load an address that owns its cookie gets 5 handshakes at once and 20 a second, others theirs", () => {
  const rateLimiter = new HandshakeRateLimiter({ ...HANDSHAKE_RATE_OPTIONS, handshakesPerSecond: 0 }, 0);
  const granted = (from: Uint8Array, now: number, tries: number) =>
    Array.from({ length: tries }, () => rateLimiter.allow(from, now, cookie)).filter((each) =>
      each === "handshake"
    )
      .length;
  assert.equal(granted(address(1), 0, 100), 5);
  assert.equal(granted(address(2), 0, 100), 5);
  let later = 0;
  for (let now = 10; now <= 1000; now += 10) later += granted(address(1), now, 3);
  assert.equal(later, 20);
});

Deno.test("an IPv6 host's whole /64 counts as one address", () => {
  const rateLimiter = new HandshakeRateLimiter({ ...HANDSHAKE_RATE_OPTIONS, handshakesPerSecond: 0 }, 0);
  const results = Array.from({ length: 100 }, (_, index) => {
    const from = new Uint8Array(16).fill(index, 8);
    return rateLimiter.allow(from, 0, cookie);
  });
  assert.equal(results.filter((result) => result === "handshake").length, 5);
});

Deno.test("no more addresses are remembered than allowed, the longest silent is forgotten first", () => {
  const limits = { ...HANDSHAKE_RATE_OPTIONS, handshakesPerSecond: 0, addresses: 10 };
  const rateLimiter = new HandshakeRateLimiter(limits, 0);
  const exhaust = (last: number) => {
    while (rateLimiter.allow(address(last), 0, cookie) === "handshake");
  };
  for (let last = 0; last < 11; last++) exhaust(last);
  assert.equal(rateLimiter.allow(address(10), 0, cookie), "drop");
  assert.equal(rateLimiter.allow(address(1), 0, cookie), "drop");
  assert.equal(rateLimiter.allow(address(0), 0, cookie), "handshake", "it was forgotten");
});

Deno.test("the search of mac1 is whole at first, in a flood for familiar peers only, and whole again later", () => {
  const rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, 0);
  const limits = Array.from({ length: 1000 }, () => rateLimiter.searchLimit(1000, 0));
  assert.equal(limits[0], 1000);
  assert.equal(limits.at(-1), HANDSHAKE_RATE_OPTIONS.recentKeys);
  assert.equal(limits.filter((limit) => limit === 1000).length, 200);
  assert.equal(rateLimiter.searchLimit(1000, 1000), 1000);
});

Deno.test("a search among few tokens has a price too", () => {
  const rateLimiter = new HandshakeRateLimiter(HANDSHAKE_RATE_OPTIONS, 0);
  const tried = (initiations: number, now: number) => {
    let keys = 0;
    for (let count = 0; count < initiations; count++) keys += rateLimiter.searchLimit(64, now);
    return keys;
  };
  const bound = 4 * HANDSHAKE_RATE_OPTIONS.searchesPerSecond;
  const first = tried(50_000, 0);
  assert.ok(first > bound - 200 && first <= bound, `${first} keys at once`);
  const second = tried(50_000, 1000);
  assert.ok(second > bound / 2 - 200 && second <= bound / 2, `${second} keys in the next second`);
});
