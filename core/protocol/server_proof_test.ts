import assert from "node:assert/strict";
import { encodeControl } from "./control.ts";
import { encodeHeartbeat, provenBytes } from "./heartbeat.ts";
import { heartbeatMac } from "./heartbeat_mac.ts";
import { encodeAnswer, encodeEnd, SERVER_PROOF_LENGTH, ServerProofs } from "./server_proof.ts";

const KEY = heartbeatMac("correct horse battery staple");
const TIME = Uint8Array.fromHex("0000019b76daa800");

Deno.test("what a heartbeat and the answer to a challenge prove the key by", () => {
  assert.deepEqual(provenBytes(encodeHeartbeat(KEY, 1_767_225_600_000)), TIME);
  const challenge = new Uint8Array(33).map((_, at) => at);
  assert.deepEqual(provenBytes(challenge), challenge.slice(1, 17));
});

Deno.test("an answer proves the key once, to what was sent, and by the right key alone", () => {
  const proofs = new ServerProofs(KEY);
  const answer = encodeAnswer(KEY, TIME);
  assert.equal(proofs.take(answer), undefined, "nothing was sent");
  proofs.expect(TIME);
  assert.equal(proofs.take(encodeAnswer(heartbeatMac("guess"), TIME)), undefined);
  assert.equal(proofs.take(encodeEnd(KEY, TIME)), undefined, "before an answer nobody ends");
  for (const [text] of [encodeControl("", 1400), encodeControl("x".repeat(16), 1400)]) {
    assert.equal(proofs.take(text ?? assert.fail()), undefined);
  }
  for (let bit = 0; bit < 8 * SERVER_PROOF_LENGTH; bit++) {
    const changed = answer.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ 1 << (bit & 7);
    assert.equal(proofs.take(changed), undefined, `bit ${bit}`);
  }
  assert.equal(proofs.take(answer), "answer");
  assert.equal(proofs.take(answer), undefined, "a second time");
  assert.equal(proofs.take(encodeEnd(KEY, TIME)), "end");
  assert.equal(proofs.take(encodeEnd(KEY, TIME)), undefined);
});

Deno.test("a late answer counts, one to an earlier message than that no more, and what is expected is bounded", () => {
  const proofs = new ServerProofs(KEY);
  const times = Array.from({ length: 20 }, (_, at) => new Uint8Array(8).fill(at));
  for (const time of times) proofs.expect(time);
  const answer = (at: number) => proofs.take(encodeAnswer(KEY, times[at] ?? assert.fail()));
  assert.deepEqual([3, 10, 9, 19].map(answer), [undefined, "answer", undefined, "answer"]);
  proofs.expect(TIME);
  proofs.forget();
  assert.equal(proofs.take(encodeAnswer(KEY, TIME)), undefined);
});
