import assert from "node:assert/strict";
import { CookieChecker } from "./cookie.ts";
import { consumeInitiation, InitiatorHandshake } from "./handshake.ts";
import { classifyMessage } from "./message.ts";
import { Peer } from "./peer.ts";
import vectors from "./vectors.json" with { type: "json" };
import { PrivateKey } from "./x25519.ts";
import { accepted } from "./handshake_fixture.ts";

const octets = (hex: string) => Uint8Array.fromHex(hex);
const { handshake: recorded, cookie } = vectors;

/** Both ends of the recorded handshake. */
function ends(): [Peer, Peer] {
  const presharedKey = octets(recorded.presharedKey);
  const [one, other] = [octets(recorded.initiatorKey), octets(recorded.responderKey)];
  return [
    new Peer({ privateKey: one, peerPublicKey: new PrivateKey(other).publicKey, presharedKey }),
    new Peer({ privateKey: other, peerPublicKey: new PrivateKey(one).publicKey, presharedKey }),
  ];
}

Deno.test("the recorded handshake comes out octet by octet", () => {
  const [initiator, responder] = ends();
  const handshake = new InitiatorHandshake(initiator, {
    localIndex: recorded.initiatorIndex,
    ephemeralKey: octets(recorded.initiatorEphemeralKey),
    wallClock: recorded.milliseconds,
    now: 0,
  });
  assert.equal(handshake.message.toHex(), recorded.initiation);
  const response = accepted(consumeInitiation(responder, handshake.message, {
    localIndex: recorded.responderIndex,
    ephemeralKey: octets(recorded.responderEphemeralKey),
    now: 0,
  }));
  assert.equal(response?.message.toHex(), recorded.response);
  const keys = accepted(handshake.consumeResponse(octets(recorded.response)));
  assert.equal(keys?.send.toHex(), recorded.initiatorSends);
  assert.equal(keys?.receive.toHex(), recorded.responderSends);
});

Deno.test("the recorded cookie comes out octet by octet, and the mac2 that is made with it", () => {
  const [initiator, responder] = ends();
  const given = [cookie.secret, cookie.nonce].map(octets);
  const issuer = new CookieChecker((target) => target.set(given.shift() ?? assert.fail("no more octets")));
  const begin = (now: number) =>
    new InitiatorHandshake(initiator, {
      localIndex: recorded.initiatorIndex,
      ephemeralKey: octets(recorded.initiatorEphemeralKey),
      wallClock: recorded.milliseconds + now,
      now,
    }).message;
  const first = begin(0);
  const reply = issuer.createReply(first, responder.publicKey, octets(cookie.from), 0);
  assert.equal(classifyMessage(reply, 0, reply.length), 3);
  assert.equal(reply.toHex(), cookie.reply);
  assert.ok(initiator.cookieGenerator.consumeReply(reply, 0));
  assert.equal(begin(5000).toHex(), cookie.nextInitiation);
});

Deno.test("docs/internals/protocol.md shows these vectors", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/internals/protocol.md", import.meta.url));
  const shown = text.replaceAll(/\s+/g, "");
  const { accessorKey, connectorKey, presharedKey } = vectors.tokens[0] ?? assert.fail("no token");
  assert.ok(
    shown.includes(`accessorkey${accessorKey}connectorkey${connectorKey}presharedkey${presharedKey}`),
  );
  const { initiation, response, initiatorSends, responderSends } = recorded;
  assert.ok(shown.includes(initiation + response + initiatorSends + responderSends));
});
