import assert from "node:assert/strict";
import fc from "fast-check";
import { anyEndpoint } from "./arbitrary_fixture.ts";
import {
  equalEndpoint,
  formatEndpoint,
  formatHostPort,
  parseEndpoint,
  parseHostPort,
  parsePort,
  toSocketFamily,
} from "./endpoint.ts";

Deno.test("endpoints read and write as ADDRESS:PORT and [IPV6]:PORT", () => {
  for (
    const text of [
      "127.0.0.1:2511",
      "0.0.0.0:65535",
      "[::1]:1",
      "[fdc0:c0de:251::2]:2512",
      "[fe80::1%3]:2511",
    ]
  ) {
    const endpoint = parseEndpoint(text);
    assert(endpoint !== undefined, text);
    assert.equal(formatEndpoint(endpoint), text);
  }
});

Deno.test("parseEndpoint refuses every other form", () => {
  const refused = "|127.0.0.1|127.0.0.1:|:2511|127.0.0.1:0|127.0.0.1:65536|127.0.0.1:02511|127.0.0.1:+1|" +
    "127.0.0.1:1 |::1:2511|[::1]|[::1]2511|[127.0.0.1]:2511|[::1%lo]:1|localhost:2511|127.0.0.1:1:2|127.0.0.1:1e3";
  for (const text of refused.split("|")) assert.equal(parseEndpoint(text), undefined, text);
});

Deno.test("a formatted endpoint reads back as itself", () => {
  fc.assert(fc.property(anyEndpoint, (one) => {
    const again = parseEndpoint(formatEndpoint(one));
    assert.deepEqual(again, one);
    assert(again !== undefined && equalEndpoint(again, one));
  }));
});

Deno.test("equalEndpoint tells ports and addresses apart", () => {
  fc.assert(fc.property(anyEndpoint, anyEndpoint, (a, b) => {
    assert.equal(equalEndpoint(a, b), formatEndpoint(a) === formatEndpoint(b));
  }));
});

Deno.test("parsePort holds the bounds of a port", () => {
  fc.assert(fc.property(fc.integer({ min: -10, max: 70_000 }), (value) => {
    assert.equal(parsePort(String(value)), value >= 1 && value <= 65_535 ? value : undefined);
  }));
});

Deno.test("an IPv6 socket names IPv4 endpoints by mapped addresses", () => {
  const [v4, v6] = [parseEndpoint("192.0.2.1:2512"), parseEndpoint("[2001:db8::1]:2512")];
  assert(v4 !== undefined && v6 !== undefined);
  assert.deepEqual(toSocketFamily(v4, 6), parseEndpoint("[::ffff:192.0.2.1]:2512"));
  assert.equal(toSocketFamily(v4, 4), v4);
  assert.equal(toSocketFamily(v6, 6), v6);
});

for (
  const [text, host, port] of [
    ["desk.example:2512", "desk.example", 2512],
    ["desk:1", "desk", 1],
    ["Desk.Example.:65535", "Desk.Example.", 65_535],
    ["192.0.2.1:2512", "192.0.2.1", 2512],
    ["[2001:db8::1]:2512", "2001:db8::1", 2512],
    ["[fe80::1%eth0]:2512", "fe80::1%eth0", 2512],
  ] as const
) {
  Deno.test(`${text} is a host with a port, and is written so`, () => {
    const remote = parseHostPort(text);
    assert.deepEqual(remote, { host, port });
    assert.equal(formatHostPort({ host, port }), text);
  });
}

for (
  const text of [
    ...[
      "",
      ":",
      "desk",
      "desk:",
      ":2512",
      "desk:0",
      "desk:65536",
      "desk:+1",
      "desk:2512 ",
      "a b:1",
      "192.0.2.256:1",
    ],
    ...[
      "2001:db8::1:2512",
      "[192.0.2.1]:1",
      "[desk]:1",
      "[2001:db8::1]",
      "[2001:db8::1%eth0]:1",
      "fe80::1%eth0:1",
      "-desk:1",
      "desk\n:1",
    ],
  ]
) {
  Deno.test(`${JSON.stringify(text)} is not a host with a port`, () =>
    assert.equal(parseHostPort(text), undefined));
}
