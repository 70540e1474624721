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

const SESSION_STATS = {
  version: "0.1.0",
  addresses: ["192.168.251.1", "fdc0:c0de:251::1"],
  revision: 3,
  subnets: ["172.17.0.0/16", "fd00:1::/64"],
  firewall: { state: "fault", backend: null, rules: 0, fault: "Cannot look for it. Install it" },
} as const;

Deno.test("revision, subnets and firewall come back", () => {
  assert.deepEqual(decodeDescription(encodeDescription(SESSION_STATS)), SESSION_STATS);
});

Deno.test("subnets that find no room are counted instead", () => {
  const subnets = Array.from({ length: 200 }, (_, index) => `172.17.${index}.0/24`);
  for (const maximum of [548, 1372, Infinity]) {
    const datagram = encodeDescription({ ...SESSION_STATS, subnets }, maximum);
    assert.ok(datagram.length <= maximum);
    const read = decodeDescription(datagram);
    assert.ok(read?.subnets && read.truncatedSubnets);
    assert.ok(read.subnets.length >= 10, `${read.subnets.length} of 200`);
    assert.equal(read.subnets.length + read.truncatedSubnets, 200);
  }
});

Deno.test("a fault is cut and cleaned, so that the server takes the description", () => {
  const fault = "a\n\u00e9" + "x".repeat(500);
  const read = decodeDescription(
    encodeDescription({ ...SESSION_STATS, firewall: { ...SESSION_STATS.firewall, fault } }),
  );
  assert.equal(read?.firewall?.fault, "a??" + "x".repeat(297));
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
    ["a version that is not text", '{"version":1,"addresses":[]}'],
    ["an address that is not text", '{"version":"1","addresses":[1]}'],
    ["addresses that are not a list", '{"version":"1","addresses":{"length":0}}'],
    ["a long version", JSON.stringify({ version: "x".repeat(65), addresses: [] })],
    ["many addresses", JSON.stringify({ version: "1", addresses: new Array(17).fill("a") })],
    ["an escape sequence for the terminal", '{"version":"\\u001b[2J","addresses":[]}'],
    ["a line end", '{"version":"1\\n","addresses":[]}'],
    ...Object.entries({
      revision: [-1, 1.5, "1", null, 2 ** 31],
      subnets: ["172.17.0.0/16", [1], new Array(65).fill("a"), ["\n"], ["x".repeat(65)], null],
      truncatedSubnets: [-1, "1", null],
      firewall: [
        null,
        [],
        "open",
        { backend: null, rules: 0 },
        { state: "ajar", backend: null, rules: 0 },
        { state: "open", rules: 0 },
        { state: "open", backend: "\u001b", rules: 0 },
        { state: "open", backend: null, rules: -1 },
        { state: "fault", backend: null, rules: 0, fault: "x".repeat(301) },
        { state: "fault", backend: null, rules: 0, fault: ["x"] },
      ],
    }).flatMap(([field, values]) =>
      values.map((value) => {
        const text = JSON.stringify(value);
        return [
          `${field} ${text.slice(0, 60)}`,
          `{"version":"1","addresses":[],"${field}":${text}}`,
        ] as const;
      })
    ),
    ["letters beyond ASCII", '{"version":"1","addresses":["\\u202e"]}'],
  ] as const
) {
  Deno.test(`a description with ${what} is refused`, () => {
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

Deno.test("the machine's own addresses come back, each with a port, at most eight", () => {
  const base = { version: "1", addresses: [] };
  const direct = ["10.79.0.2:40000", "192.168.64.5:40001"];
  assert.deepEqual(decodeDescription(encodeDescription({ ...base, direct })), { ...base, direct });
  for (const wrong of [["10.79.0.2"], ["a:1"], Array.from({ length: 9 }, (_, at) => `10.0.0.${at}:1`)]) {
    assert.equal(decodeDescription(encodeDescription({ ...base, direct: wrong })), undefined);
  }
});
