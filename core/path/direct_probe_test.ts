import assert from "node:assert/strict";
import fc from "fast-check";
import { address } from "../../tests/literals.ts";
import { heartbeatMac } from "../protocol/heartbeat_mac.ts";
import {
  decodeDirectAnswer,
  decodeDirectQuestion,
  DIRECT_PROBE_LENGTH,
  type DirectProbe,
  encodeDirectAnswer,
  encodeDirectQuestion,
  isDirectQuestion,
} from "./direct_probe.ts";

const mac = heartbeatMac("correct horse battery staple");
const link = { desktop: address("10.79.0.1"), machine: address("10.79.0.2") };
const probe: DirectProbe = {
  isReady: true,
  nonce: new Uint8Array(16).fill(7),
  challenge: new Uint8Array(16).fill(9),
};

Deno.test("question and answer come back, and are equally long", () => {
  const question = encodeDirectQuestion(mac, link, { ...probe, isReady: false });
  const answer = encodeDirectAnswer(mac, link, probe);
  assert.deepEqual(decodeDirectQuestion(mac, link, question), { ...probe, isReady: false });
  assert.deepEqual(decodeDirectAnswer(mac, link, answer), probe);
  assert.deepEqual([question.length, answer.length], [DIRECT_PROBE_LENGTH, DIRECT_PROBE_LENGTH]);
  assert.ok(isDirectQuestion(question) && !isDirectQuestion(answer));
});

Deno.test("a proof holds for its kind, its two addresses and its key alone", () => {
  const question = encodeDirectQuestion(mac, link, probe);
  assert.equal(decodeDirectAnswer(mac, link, question), undefined);
  assert.equal(decodeDirectAnswer(mac, link, new Uint8Array([2, ...question.subarray(1)])), undefined);
  assert.equal(decodeDirectQuestion(heartbeatMac("another"), link, question), undefined);
  const [desktop, machine] = [address("10.79.0.3"), address("10.79.0.3")];
  for (
    const other of [{ ...link, desktop }, { ...link, machine }, {
      desktop: link.machine,
      machine: link.desktop,
    }]
  ) {
    assert.equal(decodeDirectQuestion(mac, other, question), undefined);
  }
});

Deno.test("no octet of a probe can be changed, and nothing of another length is read", () => {
  const question = encodeDirectQuestion(mac, link, probe);
  for (let at = 0; at < question.length; at++) {
    const changed = question.slice();
    changed[at] ^= 0x40;
    assert.equal(decodeDirectQuestion(mac, link, changed), undefined, `octet ${at}`);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    assert.equal(decodeDirectQuestion(mac, link, bytes), undefined);
    assert.equal(decodeDirectAnswer(mac, link, bytes), undefined);
  }));
});
