import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAddress as addressOf } from "../../core/net/address.ts";
import { formatPrefix, parsePrefix as prefixOf } from "../../core/net/prefix.ts";
import { addressRequest, type LinkAddress, parseAddressMessage } from "./address.ts";
import { RTM } from "./constants.ts";
import { changeRequest, parseLink } from "./link.ts";
import {
  encodeMessage,
  type Message,
  parseAttributes,
  parseMessages,
  readString,
  stringAttribute,
  uint32Value,
} from "./message.ts";
import { parseRoute, routeRequest } from "./route.ts";
import { parseRule } from "./rule.ts";

/** REQUEST | ACK, as the socket sets them. */
const FLAGS = 0x5;

/** Bytes from hexadecimal digits; blanks are for the reader. */
function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function received(hex: string): Message {
  return { type: 0, flags: 0, sequence: 0, payload: bytes(hex) };
}

function given<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

function pair(local: string, peer: string, prefixLength: number): LinkAddress {
  return { interfaceIndex: 3, local: given(addressOf(local)), peer: given(addressOf(peer)), prefixLength };
}

Deno.test("a link change carries flags with their mask, MTU and queue length", () => {
  const request = changeRequest(7, { up: true, mtu: 1400, txQueueLength: 1000 });
  assert.deepEqual(
    encodeMessage(request, FLAGS, 1),
    bytes(`
      30000000 1000 0500 01000000 00000000
      00 00 0000 07000000 01000000 01000000
      0800 0400 78050000
      0800 0d00 e8030000`),
  );
});

Deno.test("a link change without `up` leaves the flags alone", () => {
  assert.deepEqual(
    encodeMessage(changeRequest(7, { mtu: 65536 }), FLAGS, 0x01020304),
    bytes(`
      28000000 1000 0500 04030201 00000000
      00 00 0000 07000000 00000000 00000000
      0800 0400 00000100`),
  );
});

Deno.test("an IPv4 address is a pair of single addresses", () => {
  const request = addressRequest(RTM.NEWADDR, pair("192.168.251.2", "192.168.251.1", 32));
  assert.deepEqual(
    encodeMessage(request, FLAGS, 2),
    bytes(`
      28000000 1400 0506 02000000 00000000
      02 20 00 00 03000000
      0800 0200 c0a8fb02
      0800 0100 c0a8fb01`),
  );
});

Deno.test("an IPv6 address skips duplicate address detection", () => {
  const request = addressRequest(RTM.DELADDR, pair("fdc0:c0de:251::2", "fdc0:c0de:251::1", 128));
  assert.deepEqual(
    encodeMessage(request, FLAGS, 2),
    bytes(`
      40000000 1500 0500 02000000 00000000
      0a 80 02 00 03000000
      1400 0200 fdc0c0de025100000000000000000002
      1400 0100 fdc0c0de025100000000000000000001`),
  );
});

Deno.test("a new IPv4 route is exclusive, link scope, and has no host bits", () => {
  const request = routeRequest(RTM.NEWROUTE, given(prefixOf("172.17.0.1/16")), 3);
  assert.deepEqual(
    encodeMessage(request, FLAGS, 9),
    bytes(`
      2c000000 1800 0506 09000000 00000000
      02 10 00 00 fe 04 fd 01 00000000
      0800 0100 ac110000
      0800 0400 03000000`),
  );
});

Deno.test("removing an IPv6 route names the interface, any scope, and a maker other than the kernel", () => {
  const request = routeRequest(RTM.DELROUTE, given(prefixOf("fd00:1::/64")), 3);
  assert.deepEqual(
    encodeMessage(request, FLAGS, 9),
    bytes(`
      38000000 1900 0500 09000000 00000000
      0a 40 00 00 fe 04 ff 00 00000000
      1400 0100 fd000001000000000000000000000000
      0800 0400 03000000`),
  );
});

Deno.test("a value that is no multiple of 4 is padded, and its length does not count the padding", () => {
  const request = { type: 0x12, flags: 0, body: bytes("aabbccdd"), attributes: [stringAttribute(3, "lo")] };
  assert.deepEqual(
    encodeMessage(request, 1, 5),
    bytes("1c000000 1200 0100 05000000 00000000 aabbccdd 0700 0300 6c6f00 00"),
  );
});

Deno.test("a datagram holds several messages, the last one without padding", () => {
  const messages = parseMessages(bytes(`
    15000000 1000 0200 07000000 00000000 6162636465 000000
    11000000 0300 0000 08000000 00000000 ff`));
  assert.deepEqual(messages, [
    { type: 0x10, flags: 2, sequence: 7, payload: bytes("6162636465") },
    { type: 3, flags: 0, sequence: 8, payload: bytes("ff") },
  ]);
});

Deno.test("a link's name, kind and numbers are read", () => {
  // IFLA_LINKINFO (18) has the nested flag 0x8000 and holds IFLA_INFO_KIND (1).
  const link = parseLink(received(`
    00 00 feff 2a000000 91100100 00000000
    0e00 0300 636f6e6e6563746f7230 0000
    0800 0400 78050000
    0500 2100 01 000000
    0800 0d00 e8030000
    0c00 1280 0800 0100 74756e00`));
  assert.deepEqual(link, {
    index: 42,
    name: "connector0",
    kind: "tun",
    up: true,
    carrier: true,
    isTunnel: true,
    mtu: 1400,
    txQueueLength: 1000,
  });
});

Deno.test("an interface with broadcast, and the loopback, are no tunnels", () => {
  const isTunnel = (flags: string) => parseLink(received(`00 00 0100 02000000 ${flags} 00000000`)).isTunnel;
  // UP and BROADCAST; UP and LOOPBACK; UP and NOARP, as xfrm has it; UP, POINTOPOINT and NOARP, as WireGuard has it.
  assert.deepEqual(["03000000", "09000000", "81000000", "91000000"].map(isTunnel), [
    false,
    false,
    true,
    true,
  ]);
});

Deno.test("a rule's priority and table are read", () => {
  // FRA_PRIORITY (6) 5270 and FRA_TABLE (15) 51820, which the header's one byte cannot hold.
  const rule = received("02 00 00 00 fc 00 00 01 00000000 0800 0600 96140000 0800 0f00 6cca0000");
  assert.deepEqual(parseRule(rule), { priority: 5270, table: 51820 });
  // The kernel's first rule has no priority.
  assert.deepEqual(parseRule(received("02 00 00 00 ff 00 00 01 00000000")), { priority: 0, table: 255 });
});

Deno.test("an address without a peer has none", () => {
  const v4 = parseAddressMessage(received("02 18 80 00 05000000 0800 0100 0a000001 0800 0200 0a000001"));
  assert.deepEqual(v4, {
    interfaceIndex: 5,
    local: addressOf("10.0.0.1"),
    peer: undefined,
    prefixLength: 24,
  });
  const v6 = parseAddressMessage(received("0a 40 80 00 05000000 1400 0100 fd000001000000000000000000000001"));
  assert.deepEqual(v6, {
    interfaceIndex: 5,
    local: addressOf("fd00:1::1"),
    peer: undefined,
    prefixLength: 64,
  });
});

Deno.test("a default route has no destination attribute", () => {
  const route = given(parseRoute(received(`
    02 00 00 00 fe 03 00 01 00000000
    0800 0f00 fe000000
    0800 0400 02000000
    0800 0600 64000000`)));
  assert.equal(formatPrefix(route.prefix), "0.0.0.0/0");
  assert.equal(route.interfaceIndex, 2);
  assert.equal(route.metric, 100);
  assert.equal(route.protocol, 3);
});

Deno.test("routes of another table, cached ones and those of no IP family are left out", () => {
  const oif = "0800 0400 02000000";
  assert.equal(parseRoute(received(`02 00 00 00 ff 03 00 01 00000000 ${oif}`)), undefined, "table local");
  assert.equal(
    parseRoute(received(`02 00 00 00 fc 03 00 01 00000000 0800 0f00 10270000 ${oif}`)),
    undefined,
    "table 10000",
  );
  assert.equal(parseRoute(received(`02 00 00 00 fe 03 00 01 00020000 ${oif}`)), undefined, "cloned");
  assert.equal(parseRoute(received(`1c 00 00 00 fe 03 00 01 00000000 ${oif}`)), undefined, "MPLS");
});

Deno.test("lengths that point outside the bytes are refused", () => {
  const hostile = {
    "half a header": "10000000 1000 0000 0100",
    "length below the header's": "0f000000 1000 0000 01000000 00000000",
    "length past the end": "11000000 1000 0000 01000000 00000000",
    "length of almost 4 GiB": "ffffffff 1000 0000 01000000 00000000",
    "a rest behind the last message": "10000000 1000 0000 01000000 00000000 00",
  };
  for (const [what, hex] of Object.entries(hostile)) {
    assert.throws(() => parseMessages(bytes(hex)), RangeError, what);
  }
  const attributes = {
    "half a header": "0500",
    "length below the header's": "0300 0100 00000000",
    "length 0": "0000 0100",
    "length past the end": "0900 0100 00000000",
  };
  for (const [what, hex] of Object.entries(attributes)) {
    assert.throws(() => parseAttributes(bytes(hex)), RangeError, what);
  }
  assert.throws(() => parseLink(received("00 00 feff 2a000000 91100100 000000")), RangeError);
  assert.throws(() => parseAddressMessage(received("02 18 80 00 050000")), RangeError);
  assert.throws(() => parseRoute(received("02 18 00 00 fe 03 00 01 000000")), RangeError);
  assert.throws(
    () => parseRoute(received("02 21 00 00 fe 03 00 01 00000000")),
    RangeError,
    "33 bits of IPv4",
  );
});

Deno.test("values of a wrong size are not misread", () => {
  assert.equal(uint32Value(bytes("010000")), undefined);
  assert.equal(uint32Value(bytes("0100000000000000")), undefined);
  assert.equal(readString(bytes("6c6f")), "lo", "no NUL");
  assert.equal(
    parseAddressMessage(received("02 18 80 00 05000000 1400 0200 fd000001000000000000000000000001")),
    undefined,
  );
  assert.equal(
    parseRoute(received("02 00 00 00 fe 03 00 01 00000000 0600 0400 0200 0000"))?.interfaceIndex,
    undefined,
  );
});

Deno.test("any bytes are either parsed within their bounds or refused as a RangeError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (datagram) => {
    for (const parse of [parseMessages, parseAttributes, asMessage(parseLink), asMessage(parseRoute)]) {
      try {
        parse(datagram);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }
  }));
});

function asMessage(parse: (message: Message) => unknown): (payload: Uint8Array) => unknown {
  return (payload) => parse({ type: 0, flags: 0, sequence: 0, payload });
}

Deno.test("what is encoded is parsed back", () => {
  const attribute = fc.record({
    type: fc.integer({ min: 0, max: 0x3fff }),
    value: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(fc.property(
    fc.array(attribute, { maxLength: 6 }),
    fc.integer({ min: 0, max: 0xffffffff }),
    (attributes, sequence) => {
      const request = { type: 24, flags: 0x600, body: new Uint8Array(12).fill(7), attributes };
      const [message, ...rest] = parseMessages(encodeMessage(request, FLAGS, sequence));
      assert.equal(rest.length, 0);
      assert.equal(message?.sequence, sequence);
      assert.equal(message?.flags, 0x605);
      const parsed = parseAttributes(given(message).payload.subarray(12));
      for (const [type, value] of new Map(attributes.map(({ type, value }) => [type, value]))) {
        assert.deepEqual(parsed.get(type), value);
      }
    },
  ));
});
