import assert from "node:assert/strict";
import { SessionSlots } from "./keypairs.ts";

const shown = ({ current, previous, next }: SessionSlots<string>) => [current, previous, next];

Deno.test("an initiator sends on a new session at once and keeps the one before it", () => {
  const slots = new SessionSlots<string>();
  assert.deepEqual(slots.initiated("a"), []);
  assert.deepEqual(slots.initiated("b"), []);
  assert.deepEqual(shown(slots), ["b", "a", undefined]);
  assert.deepEqual(slots.initiated("c"), ["a"]);
  assert.deepEqual(shown(slots), ["c", "b", undefined]);
});

Deno.test("a responder sends on a new session only once a packet came in by it", () => {
  const slots = new SessionSlots<string>();
  slots.responded("a");
  assert.deepEqual(shown(slots), [undefined, undefined, "a"]);
  assert.deepEqual(slots.received("a"), []);
  assert.equal(slots.received("a"), undefined);
  slots.responded("b");
  assert.deepEqual(shown(slots), ["a", undefined, "b"]);
  assert.equal(slots.received("a"), undefined, "late packets confirm nothing");
  assert.deepEqual(slots.received("b"), []);
  assert.deepEqual(shown(slots), ["b", "a", undefined]);
});

Deno.test("a second unconfirmed session takes the place of the first", () => {
  const slots = new SessionSlots<string>();
  slots.initiated("a");
  slots.initiated("b");
  assert.deepEqual(slots.responded("c"), ["a"]);
  assert.deepEqual(slots.responded("d"), ["c"]);
  assert.deepEqual(shown(slots), ["b", undefined, "d"]);
});

Deno.test("when both ends began at once, packets by the unconfirmed session still come in", () => {
  const slots = new SessionSlots<string>();
  slots.initiated("a");
  slots.responded("b");
  assert.deepEqual(slots.initiated("c"), ["a"]);
  assert.deepEqual(shown(slots), ["c", "b", undefined]);
});

Deno.test("sessions that are over leave their places", () => {
  const slots = new SessionSlots<string>();
  slots.initiated("a");
  slots.initiated("b");
  slots.received("b");
  assert.deepEqual(slots.expire((session) => session === "a"), ["a"]);
  assert.deepEqual(shown(slots), ["b", undefined, undefined]);
  slots.responded("c");
  assert.deepEqual(slots.clear(), ["b", "c"]);
  assert.deepEqual(slots.all, []);
});
