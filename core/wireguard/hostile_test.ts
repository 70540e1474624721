import assert from "node:assert/strict";
import fc from "fast-check";
import { CookieChecker } from "./cookie.ts";
import { accepted, answer, begin, LOCAL_INDEX, pair } from "./handshake_fixture.ts";
import { Mac1Lookup } from "./mac1_lookup.ts";
import { classifyMessage, COOKIE_REPLY, INITIATION, receiverIndex, RESPONSE, TRANSPORT } from "./message.ts";

/** What the network may do to a datagram. */
const anyDamage = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("cut" as const), length: fc.nat() }),
  fc.record({ kind: fc.constant("grow" as const), tail: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
  fc.record({
    kind: fc.constant("overwrite" as const),
    at: fc.nat(),
    octets: fc.uint8Array({ minLength: 8 }),
  }),
);
type Damage = typeof anyDamage extends fc.Arbitrary<infer T> ? T : never;

function damaged(datagram: Uint8Array, damage: Damage): Uint8Array<ArrayBuffer> {
  const copy = datagram.slice();
  switch (damage.kind) {
    case "flip": {
      const at = damage.at % copy.length;
      copy[at] = (copy[at] ?? 0) ^ 1 << damage.bit;
      return copy;
    }
    case "cut":
      return copy.slice(0, damage.length % copy.length);
    case "grow":
      return Uint8Array.of(...copy, ...damage.tail);
    case "overwrite": {
      const at = damage.at % copy.length;
      copy.set(damage.octets.subarray(0, copy.length - at), at);
      return copy;
    }
  }
}

const same = (a: Uint8Array, b: Uint8Array) => a.toHex() === b.toHex();

/** mac2 says nothing while the receiver is not under load, so damage to it alone changes nothing. */
function differsBeforeMac2(a: Uint8Array, b: Uint8Array): boolean {
  return a.length !== b.length || !same(a.subarray(0, a.length - 16), b.subarray(0, b.length - 16));
}

Deno.test("a damaged initiation gets no answer, and the genuine one does after it", () => {
  const [initiator, responder] = pair();
  const mac1Lookup = new Mac1Lookup<string>();
  mac1Lookup.add(responder.mac1Key, "found");
  let now = 0;
  fc.assert(fc.property(anyDamage, (damage) => {
    now += 1000;
    const { message } = begin(initiator, now);
    const forged = damaged(message, damage);
    fc.pre(differsBeforeMac2(message, forged));
    assert.equal(mac1Lookup.findPeer(forged), undefined);
    assert.equal(answer(responder, forged, now), undefined);
    assert.equal(mac1Lookup.findPeer(message), "found");
    assert.ok(answer(responder, message, now));
  }));
});

Deno.test("an initiation whose mac1 was made again after it was damaged gets no answer either", () => {
  const [initiator, responder] = pair();
  let now = 0;
  fc.assert(fc.property(fc.integer({ min: 8, max: 115 }), fc.nat({ max: 7 }), (at, bit) => {
    now += 1000;
    const { message } = begin(initiator, now);
    const forged = message.slice();
    forged[at] = (forged[at] ?? 0) ^ 1 << bit;
    initiator.cookieGenerator.addMacs(forged, now);
    // The highest bit of a public key is not part of it (RFC 7748 section 5), but of the hash.
    assert.equal(answer(responder, forged, now), undefined);
    assert.ok(answer(responder, message, now));
  }));
});

Deno.test("a damaged response gives no session, and the genuine one does after it", () => {
  const [initiator, responder] = pair();
  let now = 0;
  fc.assert(fc.property(anyDamage, (damage) => {
    now += 1000;
    const handshake = begin(initiator, now);
    const { message } = answer(responder, handshake.message, now) ?? assert.fail("no response");
    const forged = damaged(message, damage);
    fc.pre(differsBeforeMac2(message, forged));
    assert.equal(accepted(handshake.consumeResponse(forged)), undefined);
    assert.ok(accepted(handshake.consumeResponse(message)));
  }));
});

Deno.test("a damaged cookie reply is not taken, and the genuine one is after it", () => {
  const [initiator, responder] = pair();
  const issuer = new CookieChecker((octets) => octets.fill(3));
  fc.assert(fc.property(anyDamage, (damage) => {
    const reply = issuer.createReply(begin(initiator).message, responder.publicKey, Uint8Array.of(1), 0);
    const forged = damaged(reply, damage);
    // Type and index are not sealed: they have found this peer already.
    fc.pre(!same(forged.subarray(8), reply.subarray(8)));
    assert.equal(initiator.cookieGenerator.consumeReply(forged, 0), false);
    assert.equal(initiator.cookieGenerator.consumeReply(reply, 0), true);
    assert.equal(initiator.cookieGenerator.consumeReply(reply, 0), false, "a second time");
  }));
});

Deno.test("initiations in any order, each any number of times: each timestamp is answered once at most, and none after a later one", () => {
  const anyOrder = fc.array(fc.nat({ max: 9 }), { maxLength: 30 });
  fc.assert(
    fc.property(anyOrder, (order) => {
      const [initiator, responder] = pair();
      const messages = Array.from({ length: 10 }, (_, index) => begin(initiator, index * 5000).message);
      let latest = -1;
      order.forEach((index, step) => {
        const answered = answer(responder, messages[index] ?? assert.fail(), step * 1000) !== undefined;
        assert.equal(answered, index > latest);
        latest = Math.max(latest, index);
      });
    }),
    { numRuns: 20 },
  );
});

Deno.test("whatever octets come, they are told apart by length and type alone", () => {
  const fixed = new Map([[INITIATION, 148], [RESPONSE, 92], [COOKIE_REPLY, 64]]);
  const anyHead = fc.tuple(fc.nat({ max: 5 }), fc.constantFrom(0, 0, 0, 0x010000, 1));
  const anyLength = fc.oneof(
    fc.constantFrom(0, 1, 4, 31, 32, 63, 64, 65, 91, 92, 93, 147, 148, 149),
    fc.nat(2000),
  );
  fc.assert(fc.property(anyHead, anyLength, fc.nat({ max: 50 }), ([type, reserved], length, offset) => {
    const bytes = new Uint8Array(offset + length + 50).fill(0xa5);
    const head = Uint8Array.of(type, reserved & 0xff, reserved >>> 8 & 0xff, reserved >>> 16 & 0xff);
    bytes.set(head.subarray(0, length), offset);
    const good = reserved === 0 && (type === TRANSPORT ? length >= 32 : fixed.get(type) === length);
    assert.equal(classifyMessage(bytes, offset, length), good ? type : 0);
  }));
});

Deno.test("random octets of the right length and type get no answer", () => {
  const [initiator, responder] = pair();
  const handshake = begin(initiator);
  const octets = (type: number, length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((body) => {
      body.set([type, 0, 0, 0]);
      if (type === RESPONSE) body.set([4, 3, 2, 1], 8);
      return body;
    });
  fc.assert(
    fc.property(
      octets(INITIATION, 148),
      octets(RESPONSE, 92),
      octets(COOKIE_REPLY, 64),
      (one, two, three) => {
        assert.equal(receiverIndex(two), LOCAL_INDEX);
        assert.equal(answer(responder, one), undefined);
        assert.equal(accepted(handshake.consumeResponse(two)), undefined);
        assert.equal(initiator.cookieGenerator.consumeReply(three, 0), false);
      },
    ),
  );
});

Deno.test("ephemeral keys of low order get no session, and none throws", () => {
  const [initiator, responder] = pair();
  const points = [
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    `ecff${"ff".repeat(29)}7f`,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  ];
  for (const [index, point] of points.entries()) {
    const now = index * 5000;
    const handshake = begin(initiator, now);
    const initiation = handshake.message.slice();
    initiation.set(Uint8Array.fromHex(point), 8);
    initiator.cookieGenerator.addMacs(initiation, now);
    assert.equal(answer(responder, initiation, now), undefined);
    const response = (answer(responder, handshake.message, now) ?? assert.fail("no response")).message;
    response.set(Uint8Array.fromHex(point), 12);
    responder.cookieGenerator.addMacs(response, now);
    assert.equal(accepted(handshake.consumeResponse(response)), undefined);
  }
});
