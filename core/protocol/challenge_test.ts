import assert from "node:assert/strict";
import fc from "fast-check";
import { endpoint } from "../../tests/literals.ts";
import { answerChallenge, CHALLENGE_PERIOD, Challenges, isChallenge, isProven } from "./challenge.ts";
import { encodeControl } from "./control.ts";
import { KEYED_HEARTBEAT_LENGTH } from "./datagram.ts";
import { heartbeatMac } from "./heartbeat_mac.ts";

const PROOF = heartbeatMac("secret");
const NOW = Date.UTC(2026, 0, 1);
const A = endpoint("192.0.2.1:4000");

const challengesOf = (secret: number) => new Challenges(new Uint8Array(32).fill(secret));

Deno.test("a challenge is smaller than the heartbeat that it is the reply to", () => {
  const datagram = challengesOf(1).issue(PROOF, A, NOW);
  assert.ok(isChallenge(datagram));
  assert.ok(datagram.length <= KEYED_HEARTBEAT_LENGTH);
});

Deno.test("a challenge is good for ten to twenty seconds", () => {
  const challenges = challengesOf(1);
  fc.assert(fc.property(fc.nat({ max: 3 * CHALLENGE_PERIOD }), (age) => {
    const datagram = challenges.issue(PROOF, A, NOW - age);
    const isCurrent = challenges.isCurrent(PROOF, datagram, A, NOW);
    if (age < CHALLENGE_PERIOD) assert.ok(isCurrent, `${age}`);
    if (age >= 2 * CHALLENGE_PERIOD) assert.ok(!isCurrent, `${age}`);
  }));
  assert.ok(
    !challenges.isCurrent(PROOF, challenges.issue(PROOF, A, NOW + CHALLENGE_PERIOD), A, NOW),
    "of a later time",
  );
});

Deno.test("a challenge is of its endpoint and its run, and ends with all others before it", () => {
  const challenges = challengesOf(1);
  const datagram = challenges.issue(PROOF, A, NOW);
  for (const other of ["192.0.2.1:4001", "192.0.2.2:4000", "[2001:db8::1]:4000"]) {
    assert.ok(!challenges.isCurrent(PROOF, datagram, endpoint(other), NOW), other);
  }
  assert.ok(!challengesOf(2).isCurrent(PROOF, datagram, A, NOW));
  challenges.invalidate();
  assert.ok(!challenges.isCurrent(PROOF, datagram, A, NOW));
  assert.ok(challenges.isCurrent(PROOF, challenges.issue(PROOF, A, NOW), A, NOW));
});

Deno.test("an answer proves its challenge by the key, and no proof of a time is one", () => {
  const challenge = challengesOf(1).issue(PROOF, A, NOW);
  const answer = answerChallenge(PROOF, challenge);
  assert.equal(answer.length, 33);
  assert.ok(isProven(PROOF, answer));
  assert.ok(!isProven(heartbeatMac("guess"), answer));
  answer.set(PROOF.ofTime(answer.subarray(1, 17)), 17);
  assert.ok(!isProven(PROOF, answer));
});

Deno.test("no datagram of a control text is taken for a challenge", () => {
  const anyText = fc.string({
    unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(fc.property(anyText, fc.integer({ min: 17, max: 40 }), (text, mtu) => {
    assert.ok(encodeControl(text, mtu).every((datagram) => !isChallenge(datagram)));
  }));
});
