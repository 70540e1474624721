import assert from "node:assert/strict";
import { CookieChecker } from "./cookie.ts";
import { begin, pair } from "./handshake_fixture.ts";

const HERE = Uint8Array.of(192, 0, 2, 1, 0x09, 0xd0);
const THERE = Uint8Array.of(192, 0, 2, 2, 0x09, 0xd0);

/** An issuer whose secrets all differ. */
function newIssuer(): CookieChecker {
  let count = 0;
  return new CookieChecker((octets) => octets.fill(++count));
}

Deno.test("a cookie is good for its address for its secret's 120 s, and is put into messages until 5 s before", () => {
  const [initiator, responder] = pair();
  const issuer = newIssuer();
  const first = begin(initiator, 0).message;
  assert.equal(issuer.hasValidMac2(first, HERE, 0), false);
  assert.ok(
    initiator.cookieGenerator.consumeReply(issuer.createReply(first, responder.publicKey, HERE, 0), 0),
  );
  const next = begin(initiator, 5000).message;
  assert.equal(issuer.hasValidMac2(next, HERE, 5000), true);
  assert.equal(issuer.hasValidMac2(next, THERE, 5000), false);
  assert.equal(issuer.hasValidMac2(next, HERE, 119_999), true);
  assert.equal(issuer.hasValidMac2(next, HERE, 120_000), false);
  const mac2 = (message: Uint8Array) => message.subarray(132).toHex();
  assert.notEqual(mac2(begin(initiator, 114_999).message), "00".repeat(16));
  assert.equal(mac2(begin(initiator, 115_000).message), "00".repeat(16));
});

Deno.test("secrets change every 120 s, and with them the cookies", () => {
  const [initiator, responder] = pair();
  const issuer = newIssuer();
  const first = begin(initiator, 0).message;
  assert.ok(
    initiator.cookieGenerator.consumeReply(issuer.createReply(first, responder.publicKey, HERE, 0), 119_000),
  );
  const late = begin(initiator, 121_000).message;
  issuer.createReply(late, responder.publicKey, HERE, 121_000);
  assert.equal(issuer.hasValidMac2(late, HERE, 121_000), false, "a cookie of the old secret");
});

Deno.test("a cookie answers the latest message only", () => {
  const [initiator, responder] = pair();
  const issuer = newIssuer();
  const first = begin(initiator, 0).message;
  const reply = issuer.createReply(first, responder.publicKey, HERE, 0);
  begin(initiator, 5000);
  assert.equal(initiator.cookieGenerator.consumeReply(reply, 5000), false);
});
