import assert from "node:assert/strict";
import {
  accepted,
  answer,
  begin,
  key,
  keysOfPair,
  LOCAL_INDEX,
  pair,
  REMOTE_INDEX,
} from "./handshake_fixture.ts";
import { Peer } from "./peer.ts";
import { PeerSession } from "./peer_session.ts";
import { consumeInitiation } from "./handshake.ts";

Deno.test("both ends of a handshake have the same keys, each the other way round", () => {
  const [initiator, responder] = pair();
  const handshake = begin(initiator);
  const response = answer(responder, handshake.message) ?? assert.fail("no response");
  const keys = accepted(handshake.consumeResponse(response.message)) ?? assert.fail("no keys");
  assert.deepEqual(keys.send, response.keys.receive);
  assert.deepEqual(keys.receive, response.keys.send);
  assert.notDeepEqual(keys.send, keys.receive);
  assert.deepEqual([keys.localIndex, keys.remoteIndex, keys.initiator], [LOCAL_INDEX, REMOTE_INDEX, true]);
  assert.deepEqual(
    [response.keys.localIndex, response.keys.remoteIndex, response.keys.initiator],
    [REMOTE_INDEX, LOCAL_INDEX, false],
  );
});

Deno.test("a response ends its handshake, a second one of the same is refused", () => {
  const [initiator, responder] = pair();
  const handshake = begin(initiator);
  const response = answer(responder, handshake.message) ?? assert.fail("no response");
  assert.ok(accepted(handshake.consumeResponse(response.message)));
  assert.equal(accepted(handshake.consumeResponse(response.message)), undefined);
});

Deno.test("a handshake that was given up takes no response", () => {
  const [initiator, responder] = pair();
  const handshake = begin(initiator);
  const response = answer(responder, handshake.message) ?? assert.fail("no response");
  handshake.destroy();
  assert.equal(accepted(handshake.consumeResponse(response.message)), undefined);
});

Deno.test("a response to another handshake of the same peer is refused", () => {
  const [initiator, responder] = pair();
  const first = begin(initiator, 0);
  const second = begin(initiator, 5000);
  const response = answer(responder, first.message) ?? assert.fail("no response");
  assert.equal(accepted(second.consumeResponse(response.message)), undefined);
  assert.ok(accepted(first.consumeResponse(response.message)));
});

for (
  const [title, field, octets] of [
    ["another private key", "privateKey", key(40)],
    ["another preshared key", "presharedKey", key(41)],
  ] as const
) {
  Deno.test(`an initiator with ${title} gets no session`, () => {
    const [keys] = keysOfPair();
    const [, responder] = pair();
    const handshake = begin(new Peer({ ...keys, [field]: octets }));
    const response = answer(responder, handshake.message);
    // The preshared key comes in with the response only, so that initiation is still answered.
    assert.equal(response !== undefined, field === "presharedKey");
    if (response !== undefined) {
      assert.equal(accepted(handshake.consumeResponse(response.message)), undefined);
    }
  });
}

Deno.test("an initiation is answered once, and an older one not after it", () => {
  const [initiator, responder] = pair();
  const [older, newer] = [begin(initiator, 0), begin(initiator, 5000)];
  assert.ok(answer(responder, newer.message, 0));
  assert.equal(answer(responder, newer.message, 1000), undefined);
  assert.equal(answer(responder, older.message, 2000), undefined);
});

Deno.test("an initiator whose clock was set back is still answered", () => {
  const [initiator, responder] = pair();
  const now = Date.UTC(2026, 5, 1);
  for (const [index, wallClock] of [now, now - 3_600_000, now - 86_400_000, now + 1].entries()) {
    assert.ok(answer(responder, begin(initiator, index * 5000, wallClock).message, index * 5000), `${index}`);
  }
});

Deno.test("a destroyed peer neither gets nor gives a session", () => {
  const [initiator, responder] = pair();
  const handshake = begin(initiator);
  responder.destroy();
  assert.equal(answer(responder, handshake.message), undefined);
});

Deno.test("a refused message has its reason", () => {
  const [initiator, responder] = pair();
  const refusal = (message: Uint8Array, now: number) =>
    consumeInitiation(responder, message, { localIndex: REMOTE_INDEX, ephemeralKey: key(9), now });
  const changed = (message: Uint8Array, at: number) => message.with(at, message[at] ^ 1);
  const { message } = begin(initiator, 0);
  assert.equal(refusal(message.subarray(1), 0), "malformed");
  assert.equal(refusal(changed(message, 60), 0), "invalid-mac1");
  const forged = changed(message, 60);
  initiator.cookieGenerator.addMacs(forged, 0);
  assert.equal(refusal(forged, 0), "decrypt-failed");
  const lowOrder = message.slice().fill(0, 8, 40);
  initiator.cookieGenerator.addMacs(lowOrder, 0);
  assert.equal(refusal(lowOrder, 0), "invalid-key");
  assert.equal(typeof refusal(message, 0), "object");
  assert.equal(refusal(message, 100), "replayed-timestamp");
  assert.equal(refusal(begin(initiator, 1000).message, 10), "rate-limited");
  const handshake = begin(initiator, 2000);
  const { message: response } = answer(responder, handshake.message, 2000) ?? assert.fail("no response");
  assert.equal(begin(initiator, 3000).consumeResponse(changed(response, 8)), "unknown-handshake");
  assert.equal(handshake.consumeResponse(changed(response, 50)), "invalid-mac1");
});

Deno.test("a session names its state", () => {
  const [initiator, responder] = pair();
  const session = new PeerSession(initiator, {
    perform: () => {},
    traffic: () => ({
      ...{ dataSentAt: -Infinity, dataReceivedAt: -Infinity, sentAt: -Infinity, receivedAt: -Infinity },
      counter: 0,
    }),
    fillRandom: (bytes) => crypto.getRandomValues(bytes),
  });
  const connect = (now: number) => {
    session.handshakeNeeded(now);
    session.tick(now);
    return session.createInitiation({ localIndex: LOCAL_INDEX, wallClock: now, now });
  };
  assert.equal(session.state, "idle");
  const first = connect(0);
  assert.equal(session.state, "connecting");
  session.handleReply((answer(responder, first, 0) ?? assert.fail("no response")).message, key(0), 0);
  assert.equal(session.state, "established");
  connect(10_000);
  assert.equal(session.state, "rekeying");
  session.stop();
  assert.equal(session.state, "expired");
});
