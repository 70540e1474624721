import assert from "node:assert/strict";
import fc from "fast-check";
import { blake2s } from "@noble/hashes/blake2.js";
import { keyedState, ManyKeyMac } from "./blake2s.ts";
import { begin, key, keysOfPair, pair } from "./handshake_fixture.ts";
import { Mac1Lookup } from "./mac1_lookup.ts";
import { mac1Key } from "./cookie.ts";
import { Peer } from "./peer.ts";

Deno.test("the MAC under many keys is BLAKE2s, keyed, of 16 octets", () => {
  const mac = new ManyKeyMac();
  const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(fc.property(anyKey, fc.uint8Array({ minLength: 65, maxLength: 128 }), (secret, message) => {
    mac.set(message);
    const words = mac.under(keyedState(secret)).slice(0, 4);
    const expected = blake2s(message, { key: secret, dkLen: 16 }).toHex();
    assert.equal(new Uint8Array(words.buffer).toHex(), expected);
  }));
});

Deno.test("each of many tokens is found by its initiation, a stranger's is not", () => {
  const mac1Lookup = new Mac1Lookup<number>();
  const initiators = Array.from({ length: 20 }, (_, index) => {
    const [initiator, responder] = pair(index * 3);
    mac1Lookup.add(responder.mac1Key, index);
    return initiator;
  });
  for (let index = 0; index < 500; index++) {
    mac1Lookup.add(
      mac1Key(Uint8Array.from(key(index), (octet, at) => octet ^ (at < 4 ? index >> 2 * at : 7))),
      -1,
    );
  }
  assert.equal(mac1Lookup.size, 520);
  for (const round of [0, 1]) {
    for (const [index, initiator] of initiators.entries()) {
      assert.equal(mac1Lookup.findPeer(begin(initiator, round * 5000).message), index);
    }
  }
  assert.equal(mac1Lookup.findPeer(begin(pair(200)[0]).message), undefined);
});

Deno.test("who was found lately is found within the first keys, who was not is passed over", () => {
  const mac1Lookup = new Mac1Lookup<string>();
  const [familiar, other] = [pair(10), pair(20)];
  for (let index = 0; index < 50; index++) mac1Lookup.add(key(index), "");
  mac1Lookup.add(familiar[1].mac1Key, "familiar");
  mac1Lookup.add(other[1].mac1Key, "other");
  const message = (initiator: Peer) => begin(initiator).message;
  assert.equal(mac1Lookup.findPeer(message(familiar[0]), 4), undefined);
  assert.equal(mac1Lookup.findPeer(message(familiar[0])), "familiar");
  assert.equal(mac1Lookup.findPeer(message(familiar[0]), 4), "familiar");
  assert.equal(mac1Lookup.findPeer(message(other[0]), 4), undefined);
  assert.equal(mac1Lookup.findPeer(message(other[0])), "other", "all keys are still there");
});

Deno.test("a removed token is not found, the others are", () => {
  const mac1Lookup = new Mac1Lookup<string>();
  const [one, other] = [pair(10), pair(20)];
  mac1Lookup.add(one[1].mac1Key, "one");
  mac1Lookup.add(other[1].mac1Key, "other");
  assert.ok(mac1Lookup.delete("one"));
  assert.ok(!mac1Lookup.delete("one"));
  assert.equal(mac1Lookup.findPeer(begin(one[0]).message), undefined);
  assert.equal(mac1Lookup.findPeer(begin(other[0]).message), "other");
});

Deno.test("keys that are none are refused when the peer is made", () => {
  const [keys] = keysOfPair();
  for (const field of ["privateKey", "peerPublicKey", "presharedKey"] as const) {
    assert.throws(() => new Peer({ ...keys, [field]: new Uint8Array(31) }), RangeError, field);
  }
  assert.throws(() => new Peer({ ...keys, peerPublicKey: new Uint8Array(32) }), /low order/);
});
