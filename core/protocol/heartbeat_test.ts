import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { encodeHeartbeat, HEARTBEAT_WINDOW, HeartbeatJudge } from "./heartbeat.ts";
import { heartbeatProof } from "./heartbeat_proof.ts";

const KEY = "correct horse battery staple";
const PROOF = heartbeatProof(KEY);
const NOW = Date.UTC(2026, 0, 1);

Deno.test("a heartbeat without a key is the octet 00", () => {
  assert.deepEqual(encodeHeartbeat(undefined, NOW), new Uint8Array([0]));
});

Deno.test("a heartbeat with a key is that of the protocol's document", () => {
  assert.equal(
    Buffer.from(encodeHeartbeat(PROOF, NOW)).toString("hex"),
    "000000019b76daa80021c25b887a4d4c4832615ce7217b2a5c",
  );
});

Deno.test("without a key the plain heartbeat counts, as often as it comes, and no other", () => {
  const judge = new HeartbeatJudge(undefined);
  assert.equal(judge.judge(new Uint8Array([0]), NOW), undefined);
  assert.equal(judge.judge(new Uint8Array([0]), NOW), undefined);
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW), NOW), "length");
});

Deno.test("with a key a plain heartbeat does not count, nor one of another length", () => {
  const judge = new HeartbeatJudge(PROOF);
  assert.equal(judge.judge(new Uint8Array([0]), NOW), "no key");
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW).slice(0, 24), NOW), "length");
  assert.equal(judge.judge(new Uint8Array(26), NOW), "length");
});

Deno.test("a heartbeat counts once, and none that is older than the last", () => {
  const judge = new HeartbeatJudge(PROOF);
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW), NOW), undefined);
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW), NOW), "replay");
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW - 1), NOW), "replay");
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW + 1), NOW), undefined);
});

Deno.test("a heartbeat's time may be a minute off and not more; one refused does not count as the last", () => {
  const verdict = (off: number) => new HeartbeatJudge(PROOF).judge(encodeHeartbeat(PROOF, NOW + off), NOW);
  assert.equal(verdict(HEARTBEAT_WINDOW), undefined);
  assert.equal(verdict(-HEARTBEAT_WINDOW), undefined);
  assert.equal(verdict(HEARTBEAT_WINDOW + 1), "time");
  assert.equal(verdict(-HEARTBEAT_WINDOW - 1), "time");
  const judge = new HeartbeatJudge(PROOF);
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW + 2 * HEARTBEAT_WINDOW), NOW), "time");
  assert.equal(judge.judge(encodeHeartbeat(PROOF, NOW), NOW), undefined);
});

Deno.test("one changed bit or another key takes the proof away", () => {
  assert.equal(
    new HeartbeatJudge(heartbeatProof(`${KEY}!`)).judge(encodeHeartbeat(PROOF, NOW), NOW),
    "proof",
  );
  fc.assert(fc.property(fc.integer({ min: 8, max: 199 }), (bit) => {
    const judge = new HeartbeatJudge(PROOF);
    const heartbeat = encodeHeartbeat(PROOF, NOW);
    heartbeat[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(judge.judge(heartbeat, NOW), "proof");
    assert.equal(
      judge.judge(encodeHeartbeat(PROOF, NOW), NOW),
      undefined,
      "it was not taken for the last one",
    );
  }));
});

Deno.test("a heartbeat is judged where it lies in a larger buffer", () => {
  const buffer = new Uint8Array(60).fill(9);
  buffer.set(encodeHeartbeat(PROOF, NOW), 13);
  assert.equal(new HeartbeatJudge(PROOF).judge(buffer.subarray(13, 38), NOW), undefined);
});
