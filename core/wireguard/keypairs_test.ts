import assert from "node:assert/strict";
import { Keypairs } from "./keypairs.ts";

const shown = ({ current, previous, next }: Keypairs<string>) => [current, previous, next];

Deno.test("an initiator sends on a new session at once and keeps the one before it", () => {
  const slots = new Keypairs<string>();
  assert.deepEqual(slots.handshakeInitiatorComplete("a"), []);
  assert.deepEqual(slots.handshakeInitiatorComplete("b"), []);
  assert.deepEqual(shown(slots), ["b", "a", undefined]);
  assert.deepEqual(slots.handshakeInitiatorComplete("c"), ["a"]);
  assert.deepEqual(shown(slots), ["c", "b", undefined]);
});

Deno.test("a responder sends on a new session only once a packet came in by it", () => {
  const slots = new Keypairs<string>();
  slots.handshakeResponderDerived("a");
  assert.deepEqual(shown(slots), [undefined, undefined, "a"]);
  assert.deepEqual(slots.receivedWithKeypair("a"), []);
  assert.equal(slots.receivedWithKeypair("a"), undefined);
  slots.handshakeResponderDerived("b");
  assert.deepEqual(shown(slots), ["a", undefined, "b"]);
  assert.equal(slots.receivedWithKeypair("a"), undefined, "late packets confirm nothing");
  assert.deepEqual(slots.receivedWithKeypair("b"), []);
  assert.deepEqual(shown(slots), ["b", "a", undefined]);
});

Deno.test("a second unconfirmed session takes the place of the first", () => {
  const slots = new Keypairs<string>();
  slots.handshakeInitiatorComplete("a");
  slots.handshakeInitiatorComplete("b");
  assert.deepEqual(slots.handshakeResponderDerived("c"), ["a"]);
  assert.deepEqual(slots.handshakeResponderDerived("d"), ["c"]);
  assert.deepEqual(shown(slots), ["b", undefined, "d"]);
});

Deno.test("when both ends began at once, packets by the unconfirmed session still come in", () => {
  const slots = new Keypairs<string>();
  slots.handshakeInitiatorComplete("a");
  slots.handshakeResponderDerived("b");
  assert.deepEqual(slots.handshakeInitiatorComplete("c"), ["a"]);
  assert.deepEqual(shown(slots), ["c", "b", undefined]);
});

Deno.test("sessions that are over leave their places", () => {
  const slots = new Keypairs<string>();
  slots.handshakeInitiatorComplete("a");
  slots.handshakeInitiatorComplete("b");
  slots.receivedWithKeypair("b");
  assert.deepEqual(slots.expire((session) => session === "a"), ["a"]);
  assert.deepEqual(shown(slots), ["b", undefined, undefined]);
  slots.handshakeResponderDerived("c");
  assert.deepEqual(slots.clear(), ["b", "c"]);
  assert.deepEqual(slots.all, []);
});
