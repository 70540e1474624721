import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { endpoint } from "../../tests/literals.ts";
import { answerChallenge, Challenges } from "./challenge.ts";
import { encodeHeartbeat, HEARTBEAT_WINDOW, type HeartbeatMac, HeartbeatVerifier } from "./heartbeat.ts";
import { heartbeatMac } from "./heartbeat_mac.ts";

const KEY = "correct horse battery staple";
const PROOF = heartbeatMac(KEY);
const NOW = Date.UTC(2026, 0, 1);
const A = endpoint("192.0.2.1:4000");
const B = endpoint("192.0.2.2:4000");

/** The verifier of a run that began so many milliseconds before {@linkcode NOW}; an hour unless said otherwise. */
function verifierBy(proof: HeartbeatMac | undefined, age = 3_600_000) {
  const challenges = new Challenges(new Uint8Array(32).fill(7));
  const verifier = new HeartbeatVerifier(proof, challenges, NOW - age);
  /** The verdict in one word: "bind", or why not. */
  const word = (message: Uint8Array, from = A, now = NOW) => {
    const verdict = verifier.verify(message, from, now);
    return verdict.kind === "bind" ? "bind" : `${verdict.kind}: ${verdict.fault}`;
  };
  /** The challenge that a heartbeat is replied to by. */
  const challenge = (message: Uint8Array, from = A, now = NOW) => {
    const verdict = verifier.verify(message, from, now);
    assert.equal(verdict.kind, "challenge");
    return verdict.kind === "challenge" ? verdict.datagram : assert.fail();
  };
  return { verifier, challenges, word, challenge };
}

Deno.test("a heartbeat without a key is the octet 00", () => {
  assert.deepEqual(encodeHeartbeat(undefined, NOW), new Uint8Array([0]));
});

Deno.test("a heartbeat with a key is that of the protocol's document", () => {
  assert.equal(
    Buffer.from(encodeHeartbeat(PROOF, NOW)).toString("hex"),
    "000000019b76daa80021c25b887a4d4c4832615ce7217b2a5c",
  );
});

Deno.test("without a key every heartbeat counts, as often as it comes, a proof or not", () => {
  const { word, verifier } = verifierBy(undefined, 0);
  for (const heartbeat of [new Uint8Array([0]), encodeHeartbeat(PROOF, NOW)]) {
    for (let beat = 0; beat < 2; beat++) assert.equal(word(heartbeat), "bind");
  }
  assert.deepEqual(verifier.verify(new Uint8Array(33), A, NOW), { kind: "refuse", fault: "length" });
});

Deno.test("with a key a plain heartbeat does not count, nor one of another length", () => {
  const { word } = verifierBy(PROOF);
  assert.equal(word(new Uint8Array([0])), "refuse: no-key");
  assert.equal(word(encodeHeartbeat(PROOF, NOW).slice(0, 24)), "refuse: length");
  assert.equal(word(new Uint8Array(26)), "refuse: length");
});

Deno.test("a heartbeat binds once by its time, and none that is older than the last", () => {
  const { word } = verifierBy(PROOF);
  assert.equal(word(encodeHeartbeat(PROOF, NOW)), "bind");
  assert.equal(word(encodeHeartbeat(PROOF, NOW)), "challenge: replay");
  assert.equal(word(encodeHeartbeat(PROOF, NOW - 1)), "challenge: replay");
  assert.equal(word(encodeHeartbeat(PROOF, NOW + 1)), "bind");
});

Deno.test("a heartbeat's time may be a minute off and not more, if it is to bind by that", () => {
  const verdict = (off: number) => verifierBy(PROOF).word(encodeHeartbeat(PROOF, NOW + off));
  assert.equal(verdict(HEARTBEAT_WINDOW), "bind");
  assert.equal(verdict(-HEARTBEAT_WINDOW), "bind");
  assert.equal(verdict(HEARTBEAT_WINDOW + 1), "challenge: time");
  assert.equal(verdict(-HEARTBEAT_WINDOW - 1), "challenge: time");
});

Deno.test("a heartbeat of a clock that is ahead does not bind when its time has come", () => {
  const { word } = verifierBy(PROOF);
  const ahead = encodeHeartbeat(PROOF, NOW + 3_600_000);
  assert.equal(word(ahead), "challenge: time");
  assert.equal(word(ahead, B, NOW + 3_600_000), "challenge: replay");
});

Deno.test("no heartbeat from before a run's start binds by its time, however its clock stood within the window", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 3 * HEARTBEAT_WINDOW }),
    fc.integer({ min: -HEARTBEAT_WINDOW, max: HEARTBEAT_WINDOW }),
    fc.integer({ min: 0, max: 3 * HEARTBEAT_WINDOW }),
    (age, off, later) => {
      const recorded = encodeHeartbeat(PROOF, NOW - age + off);
      const { verifier } = verifierBy(PROOF, 0);
      assert.equal(verifier.verify(recorded, A, NOW + later).kind, "challenge");
    },
  ));
  const { word } = verifierBy(PROOF, HEARTBEAT_WINDOW + 1);
  assert.equal(word(encodeHeartbeat(PROOF, NOW)), "bind", "a minute later times count");
});

Deno.test("the answer to its challenge binds a sender, whatever its clock says", () => {
  for (const off of [-3_600_000, 3_600_000, -NOW]) {
    const { challenge, word } = verifierBy(PROOF, 0);
    const datagram = challenge(encodeHeartbeat(PROOF, NOW + off));
    assert.equal(word(answerChallenge(PROOF, datagram)), "bind");
  }
});

Deno.test("an answer counts from its endpoint, with its key and for its challenge alone", () => {
  const { challenge, word } = verifierBy(PROOF, 0);
  const datagram = challenge(encodeHeartbeat(PROOF, NOW));
  const answer = answerChallenge(PROOF, datagram);
  assert.equal(word(answer, B), "refuse: challenge");
  assert.equal(word(answerChallenge(heartbeatMac("guess"), datagram)), "refuse: proof");
  const madeUp = new Uint8Array(17);
  assert.equal(word(answerChallenge(PROOF, madeUp)), "refuse: challenge");
  assert.equal(verifierBy(PROOF, 0).word(answer), "bind", "the same run's secret");
  const other = new HeartbeatVerifier(PROOF, new Challenges(new Uint8Array(32)), NOW);
  assert.deepEqual(other.verify(answer, A, NOW), { kind: "refuse", fault: "challenge" }, "another run's");
});

Deno.test("one changed bit or another key takes the proof away", () => {
  assert.equal(verifierBy(heartbeatMac(`${KEY}!`)).word(encodeHeartbeat(PROOF, NOW)), "refuse: proof");
  fc.assert(fc.property(fc.integer({ min: 8, max: 199 }), (bit) => {
    const { word } = verifierBy(PROOF);
    const heartbeat = encodeHeartbeat(PROOF, NOW);
    heartbeat[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(word(heartbeat), "refuse: proof");
    assert.equal(word(encodeHeartbeat(PROOF, NOW)), "bind", "it was not taken for the last one");
  }));
  fc.assert(fc.property(fc.integer({ min: 8, max: 263 }), (bit) => {
    const { challenge, word } = verifierBy(PROOF, 0);
    const answer = answerChallenge(PROOF, challenge(encodeHeartbeat(PROOF, NOW)));
    answer[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(word(answer), "refuse: proof");
  }));
});

Deno.test("a heartbeat is judged where it lies in a larger buffer", () => {
  const buffer = new Uint8Array(60).fill(9);
  buffer.set(encodeHeartbeat(PROOF, NOW), 13);
  const { challenge, word } = verifierBy(PROOF);
  assert.equal(word(buffer.subarray(13, 38)), "bind");
  buffer.set(answerChallenge(PROOF, challenge(buffer.subarray(13, 38))), 5);
  assert.equal(word(buffer.subarray(5, 38)), "bind");
});
