import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_DESCRIPTION_LENGTH, ServerMessage, serverMessage } from "./datagram.ts";

/** What a server makes of these octets, which stand among others. */
function classify(octets: number[] | Uint8Array, filling = 0): ServerMessage {
  const bytes = new Uint8Array(octets.length + 20).fill(filling);
  bytes.set(octets, 7);
  return serverMessage(bytes, 7, octets.length);
}

Deno.test("a heartbeat has one octet, or twenty-five, and the answer to a challenge thirty-three", () => {
  for (let length = 1; length < 40; length++) {
    const expected = [1, 25, 33].includes(length) ? ServerMessage.Heartbeat : ServerMessage.None;
    assert.equal(classify(new Uint8Array(length)), expected, `${length}`);
  }
});

Deno.test("a description is at most so long", () => {
  const description = (length: number) =>
    classify(Uint8Array.from({ length }, (_, at) => at === 0 ? 3 : 0x20));
  assert.equal(description(1), ServerMessage.Description);
  assert.equal(description(MAX_DESCRIPTION_LENGTH), ServerMessage.Description);
  assert.equal(description(MAX_DESCRIPTION_LENGTH + 1), ServerMessage.None);
});

Deno.test("everything else is no message, and what lies behind it does not count", () => {
  assert.equal(classify([]), ServerMessage.None);
  assert.equal(classify([1]), ServerMessage.None, "a line for the original's config file");
  assert.equal(classify([2]), ServerMessage.None);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
    const kind = classify(octets);
    assert.equal(classify(octets, 0xff), kind);
    if (octets[0] !== 0 && octets[0] !== 3) assert.equal(kind, ServerMessage.None);
  }));
});
