import assert from "node:assert/strict";
import { begin, pair } from "./handshake_fixture.ts";
import { PrivateKey } from "./x25519.ts";

Deno.test("a key that was let go of gives no secret any more", () => {
  const key = new PrivateKey(new Uint8Array(32).fill(1));
  const other = new PrivateKey(new Uint8Array(32).fill(2)).publicKey;
  assert.equal(key.sharedSecret(other)?.length, 32);
  key.destroy();
  assert.equal(key.sharedSecret(other), undefined);
});

Deno.test("a peer that is destroyed lets go of its static key", () => {
  const [initiator, responder] = pair();
  assert.ok(begin(initiator, 0));
  responder.destroy();
  assert.equal(responder.staticKey.sharedSecret(initiator.publicKey), undefined);
});
