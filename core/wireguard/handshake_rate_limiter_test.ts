import assert from "node:assert/strict";
import { ADMISSION_LIMITS, HandshakeAdmission } from "./handshake_rate_limiter.ts";

const address = (last: number) => Uint8Array.of(192, 0, 2 + (last >>> 8), last & 0xff);
const noCookie = () => false;
const cookie = () => true;

Deno.test("handshakes at a bearable rate are done without cookies", () => {
  const admission = new HandshakeAdmission(ADMISSION_LIMITS, 0);
  for (let count = 0; count < 1000; count++) {
    assert.equal(
      admission.admit(address(1), count * 10, () => assert.fail("mac2 was looked at")),
      "handshake",
    );
  }
});

Deno.test("in a flood the first 100 are done, then cookies are asked for until a second after it", () => {
  const admission = new HandshakeAdmission(ADMISSION_LIMITS, 0);
  const results = Array.from({ length: 20_000 }, (_, index) => admission.admit(address(index), 0, noCookie));
  assert.deepEqual(results.slice(0, 100), new Array(100).fill("handshake"));
  assert.deepEqual(new Set(results.slice(100)), new Set(["cookie"]));
  assert.ok(admission.isUnderLoad(999));
  assert.equal(admission.admit(address(0), 1001, noCookie), "handshake");
});

Deno.test("under load an address that owns its cookie gets 5 handshakes at once and 20 a second, others theirs", () => {
  const admission = new HandshakeAdmission({ ...ADMISSION_LIMITS, handshakesPerSecond: 0 }, 0);
  const granted = (from: Uint8Array, now: number, tries: number) =>
    Array.from({ length: tries }, () => admission.admit(from, now, cookie)).filter((each) =>
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
  const admission = new HandshakeAdmission({ ...ADMISSION_LIMITS, handshakesPerSecond: 0 }, 0);
  const results = Array.from({ length: 100 }, (_, index) => {
    const from = new Uint8Array(16).fill(index, 8);
    return admission.admit(from, 0, cookie);
  });
  assert.equal(results.filter((result) => result === "handshake").length, 5);
});

Deno.test("no more addresses are remembered than allowed, the longest silent is forgotten first", () => {
  const limits = { ...ADMISSION_LIMITS, handshakesPerSecond: 0, addresses: 10 };
  const admission = new HandshakeAdmission(limits, 0);
  const exhaust = (last: number) => {
    while (admission.admit(address(last), 0, cookie) === "handshake");
  };
  for (let last = 0; last < 11; last++) exhaust(last);
  assert.equal(admission.admit(address(10), 0, cookie), "drop");
  assert.equal(admission.admit(address(1), 0, cookie), "drop");
  assert.equal(admission.admit(address(0), 0, cookie), "handshake", "it was forgotten");
});

Deno.test("the search of mac1 is whole at first, in a flood for familiar peers only, and whole again later", () => {
  const admission = new HandshakeAdmission(ADMISSION_LIMITS, 0);
  const limits = Array.from({ length: 1000 }, () => admission.searchLimit(1000, 0));
  assert.equal(limits[0], 1000);
  assert.equal(limits.at(-1), ADMISSION_LIMITS.familiarKeys);
  assert.equal(limits.filter((limit) => limit === 1000).length, 200);
  assert.equal(admission.searchLimit(1000, 1000), 1000);
});

Deno.test("a search among few tokens has a price too", () => {
  const admission = new HandshakeAdmission(ADMISSION_LIMITS, 0);
  const tried = (initiations: number, now: number) => {
    let keys = 0;
    for (let count = 0; count < initiations; count++) keys += admission.searchLimit(64, now);
    return keys;
  };
  const bound = 4 * ADMISSION_LIMITS.searchesPerSecond;
  const first = tried(50_000, 0);
  assert.ok(first > bound - 200 && first <= bound, `${first} keys at once`);
  const second = tried(50_000, 1000);
  assert.ok(second > bound / 2 - 200 && second <= bound / 2, `${second} keys in the next second`);
});
