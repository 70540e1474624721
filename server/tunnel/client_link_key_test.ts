/** How clients prove the key to the server, and the server to them. */
import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import { answerChallenge } from "../../core/protocol/challenge.ts";
import { encodeHeartbeat, provenBytes } from "../../core/protocol/heartbeat.ts";
import { SERVER_PROOF_LENGTH, ServerProofs } from "../../core/protocol/server_proof.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { A, B, HEARTBEAT, NOW, openLink, source } from "./client_link_fixture.ts";

Deno.test("with a key only proof binds, once", () => {
  const { link, sent, bound } = openLink({ proof: heartbeatMac("secret") });
  link.handleMessage(HEARTBEAT, source(B), false, NOW);
  link.handleMessage(encodeHeartbeat(heartbeatMac("guess"), NOW), source(B), false, NOW);
  assert.deepEqual([link.refused, sent, bound], [2, [], []]);
  link.handleMessage(encodeHeartbeat(heartbeatMac("secret"), NOW), source(A), false, NOW);
  assert.deepEqual(bound, [A]);
  link.handleMessage(encodeHeartbeat(heartbeatMac("secret"), NOW), source(B), false, NOW);
  assert.deepEqual([link.refused, bound], [2, [A]], "a replay from elsewhere");
  assert.deepEqual([sent.at(-1)?.[0], sent.at(-1)?.[1].length], [B, 17], "is challenged");
  assert.equal(link.client?.lastHeartbeat, NOW);
});

Deno.test("nobody is bound before it is known whether a key has to be proven", () => {
  for (const proof of [undefined, heartbeatMac("secret")]) {
    const { link, sent, bound } = openLink({ keyPending: true });
    const beat = () => link.handleMessage(encodeHeartbeat(proof, NOW), source(A), false, NOW);
    beat();
    assert.deepEqual([bound, sent, link.refused], [[], [], 0]);
    link.requireKey(proof);
    beat();
    assert.deepEqual(bound, [A]);
  }
});

Deno.test("a key that is required later unbinds who has not proven it, and is forgotten with the demand", () => {
  const unbound: unknown[] = [];
  const { link, bound } = openLink({ onUnbound: () => void unbound.push(link.client) });
  const proof = heartbeatMac("secret");
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.requireKey(proof);
  assert.deepEqual([bound, unbound], [[A, "nobody"], [undefined]]);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  link.handleMessage(HEARTBEAT, source(B), false, NOW);
  assert.deepEqual([link.client, link.refused], [undefined, 2]);
  const heartbeat = encodeHeartbeat(proof, NOW);
  link.handleMessage(heartbeat, source(B), false, NOW);
  link.requireKey(proof);
  assert.deepEqual(bound.slice(2), [B], "who has proven it stays");
  link.requireKey(undefined);
  link.handleMessage(HEARTBEAT, source(A), false, NOW);
  assert.deepEqual(bound.slice(2), [B, A]);
  // What was taken once is not taken again, although there was no key meanwhile.
  link.requireKey(proof);
  link.handleMessage(heartbeat, source(B), false, NOW);
  assert.deepEqual([bound.at(-1), link.client], ["nobody", undefined]);
});

Deno.test("the server proves the key to who has proven it, by fewer octets than it was sent, and says when it ends", () => {
  const proof = heartbeatMac("secret");
  const { link, sent } = openLink({ proof });
  link.end();
  const proofs = new ServerProofs(proof);
  for (let beat = 0; beat < 2; beat++) {
    const heartbeat = encodeHeartbeat(proof, NOW + beat);
    proofs.expect(provenBytes(heartbeat));
    const before = sent.length;
    link.handleMessage(heartbeat, source(A), beat > 0, NOW + beat);
    const [to, answer] = sent[before] ?? assert.fail("no answer");
    assert.deepEqual([to, proofs.take(answer)], [A, "answer"]);
    assert.ok(answer.length < heartbeat.length);
  }
  link.end();
  assert.equal(proofs.take(sent.at(-1)?.[1] ?? assert.fail()), "end");
  const keyless = openLink();
  keyless.link.handleMessage(HEARTBEAT, source(A), false, NOW);
  const before = keyless.sent.length;
  keyless.link.end();
  assert.equal(keyless.sent.length, before, "one of the original takes no such text");
});

Deno.test("without a key a heartbeat with a proof binds as a plain one does", () => {
  const { link, bound } = openLink();
  link.handleMessage(encodeHeartbeat(heartbeatMac("any"), NOW), source(A), false, NOW);
  assert.deepEqual([bound, link.refused], [[A], 0]);
});

Deno.test("a client that proves a key to a server without one is told of in the log, once", () => {
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    using scene = openLink();
    scene.link.handleMessage(HEARTBEAT, source(A), false, NOW);
    assert.deepEqual(lines, []);
    for (const from of [B, A, B]) {
      scene.link.handleMessage(encodeHeartbeat(heartbeatMac("any"), NOW), source(from), false, NOW);
    }
    assert.equal(lines.length, 1);
    assert.match(lines.join(""), /the client proves a key and this server has none/);
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
  }
});

Deno.test("a proof whose time is an hour off is challenged, and the answer binds and is answered", () => {
  const proof = heartbeatMac("secret");
  const { link, sent, bound } = openLink({ proof });
  for (let beat = 0; beat < 3; beat++) {
    const heartbeat = encodeHeartbeat(proof, NOW - 3_600_000 + beat);
    link.handleMessage(heartbeat, source(A), beat > 0, NOW + beat * 5000);
    const [to, challenge] = sent.at(-1) ?? assert.fail("no challenge");
    assert.equal(to, A);
    assert.ok(challenge.length <= heartbeat.length);
    link.handleMessage(answerChallenge(proof, challenge), source(A), beat > 0, NOW + beat * 5000 + 1);
  }
  assert.deepEqual([bound, link.refused], [[A], 0]);
  const answers = sent.filter(([, { length }]) => length === SERVER_PROOF_LENGTH);
  assert.equal(answers.length, 3);
  assert.equal(link.client?.lastHeartbeat, NOW + 10_001);
});

Deno.test("an answer that was seen moves nothing when it is sent again", () => {
  const proof = heartbeatMac("secret");
  const { link, sent, bound } = openLink({ proof, startedAt: NOW });
  const bind = (from: string) => {
    link.handleMessage(encodeHeartbeat(proof, NOW), source(from), false, NOW);
    const answer = answerChallenge(proof, sent.at(-1)?.[1] ?? assert.fail());
    link.handleMessage(answer, source(from), false, NOW);
    return answer;
  };
  const answer = bind(A);
  link.handleMessage(answer, source(B), false, NOW);
  assert.deepEqual(bound, [A]);
  bind(B);
  link.handleMessage(answer, source(A), false, NOW);
  assert.deepEqual(bound, [A, B]);
  assert.equal(link.refused, 2);
});

Deno.test("a recorded heartbeat gets a challenge from a server that was started again, and moves nothing", () => {
  const proof = heartbeatMac("secret");
  const recorded = encodeHeartbeat(proof, NOW - 1);
  const { link, sent, bound } = openLink({ proof, startedAt: NOW });
  link.handleMessage(recorded, source(B), false, NOW);
  assert.deepEqual([bound, sent.map(([, { length }]) => length)], [[], [17]]);
});

Deno.test("senders that do not answer challenges are refused and named in the log", () => {
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    const proof = heartbeatMac("secret");
    const { link } = openLink({ proof });
    for (let beat = 0; beat < 3; beat++) {
      link.handleMessage(encodeHeartbeat(proof, NOW - 90_000 + beat), source(A), false, NOW + beat);
    }
    assert.equal(link.refused, 2);
    assert.match(lines.join(""), /heartbeat refused; its sender has no answer to a challenge.*reason=time/);
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
  }
});
