import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeDescription, encodeDescription } from "./description.ts";

const datagram = (json: string) => Uint8Array.from([3, ...new TextEncoder().encode(json)]);

Deno.test("a description is octet 03 and JSON", () => {
  const description = { version: "0.1.0", addresses: ["192.168.251.1"] };
  const encoded = encodeDescription(description);
  assert.deepEqual(encoded, datagram('{"version":"0.1.0","addresses":["192.168.251.1"]}'));
  assert.deepEqual(decodeDescription(encoded), description);
});

Deno.test("any short description comes back", () => {
  const shortText = fc.string({ unit: "grapheme-ascii", maxLength: 64 });
  const anyDescription = fc.tuple(shortText, fc.array(shortText, { maxLength: 16 }))
    .map(([version, addresses]) => ({ version, addresses }));
  fc.assert(fc.property(anyDescription, (description) => {
    assert.deepEqual(decodeDescription(encodeDescription(description)), description);
  }));
});

Deno.test("fields that are not known are left out", () => {
  assert.deepEqual(decodeDescription(datagram('{"version":"1","engine":{"x":1},"addresses":[]}')), {
    version: "1",
    addresses: [],
  });
});

for (
  const [what, json] of [
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "3"],
    ["no version", '{"addresses":[]}'],
    ["no addresses", '{"version":"1"}'],
    ["a version that is no text", '{"version":1,"addresses":[]}'],
    ["an address that is no text", '{"version":"1","addresses":[1]}'],
    ["addresses that are no list", '{"version":"1","addresses":{"length":0}}'],
    ["a long version", JSON.stringify({ version: "x".repeat(65), addresses: [] })],
    ["many addresses", JSON.stringify({ version: "1", addresses: new Array(17).fill("a") })],
    ["an escape sequence for the terminal", '{"version":"\\u001b[2J","addresses":[]}'],
    ["a line end", '{"version":"1\\n","addresses":[]}'],
    ["letters beyond ASCII", '{"version":"1","addresses":["\\u202e"]}'],
  ]
) {
  Deno.test(`a description with ${what} is none`, () => {
    assert.equal(decodeDescription(datagram(json)), undefined);
  });
}

Deno.test("octets that are no description are none", () => {
  assert.equal(decodeDescription(new Uint8Array()), undefined);
  assert.equal(decodeDescription(new Uint8Array([3])), undefined);
  assert.equal(decodeDescription(new Uint8Array([3, 0xff, 0xfe])), undefined);
  assert.equal(decodeDescription(new TextEncoder().encode('{"version":"1","addresses":[]}')), undefined);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
    assert.equal(decodeDescription(Uint8Array.from([3, ...octets])), undefined);
  }));
});
