import assert from "node:assert/strict";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import {
  addressFromUint32,
  addressToUint32,
  equalAddress,
  formatAddress,
  type IpAddress,
  isZonedAddress,
  mapAddress,
  nextAddress,
  parseAddress,
  parseScopedAddress,
  unmapAddress,
} from "./address.ts";
import { anyAddress, anyIpv4 } from "./arbitrary_fixture.ts";

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  assert(parsed !== undefined, `${text} is an address`);
  return parsed;
}

Deno.test("parseAddress reads bytes in network order", () => {
  assert.deepEqual(address("192.168.251.1"), { family: 4, bytes: Uint8Array.of(192, 168, 251, 1) });
  assert.deepEqual(address("fdc0:c0de:251::1"), {
    family: 6,
    bytes: Uint8Array.of(0xfd, 0xc0, 0xc0, 0xde, 2, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  });
  assert.deepEqual(address("::1.2.3.4").bytes, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4));
  assert.deepEqual(address("64:ff9b::1.2.3.4").bytes.subarray(12), Uint8Array.of(1, 2, 3, 4));
});

Deno.test("parseAddress refuses what only some programs read", () => {
  const refused =
    "|10.1|010.0.0.1|1.2.3.04|0x1.2.3.4|1.2.3.256|1.2.3|1.2.3.4.5| 1.2.3.4|1.2.3.4 |1.2.3.4/24|" +
    "+1.2.3.4|1.2.3.-4|fe80::1%eth0|::01.2.3.4|::1.2.3|::1.2.3.256|1::2::3|12345::|:|:::|1:2:3:4:5:6:7|" +
    "1:2:3:4:5:6:7:8:9|1::2:3:4:5:6:7:8|[::1]|1.2.3.4::|1:2:3:4:5:6:7:1.2.3.4|localhost|\u0661.2.3.4";
  for (const text of refused.split("|")) assert.equal(parseAddress(text), undefined, text);
});

Deno.test("parseAddress never throws", () => {
  const pieces = fc.array(fc.constantFrom("1", "0", "255", ".", ":", "::", "f", "%", "/", "[", " ", "\0"));
  fc.assert(fc.property(fc.oneof(fc.string(), pieces.map((list) => list.join(""))), (text) => {
    const parsed = parseAddress(text);
    assert(parsed === undefined || parsed.bytes.length === (parsed.family === 4 ? 4 : 16));
  }));
});

Deno.test("a formatted address reads back as itself", () => {
  fc.assert(fc.property(anyAddress, (one) => assert.deepEqual(parseAddress(formatAddress(one)), one)));
});

Deno.test("formatAddress writes RFC 5952", () => {
  const canonical = [
    "::",
    "::1",
    "1::",
    "2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1",
    "::ffff:192.0.2.1",
    "fe80::a",
  ];
  for (const text of canonical) assert.equal(formatAddress(address(text)), text);
  assert.equal(formatAddress(address("2001:DB8:0:0:1:0:0:1")), "2001:db8::1:0:0:1");
});

Deno.test("formatAddress agrees with ipaddr.js", () => {
  fc.assert(fc.property(anyAddress, (one) => {
    const twin = ipaddr.fromByteArray([...one.bytes]);
    if (twin.kind() === "ipv6" && (twin as ipaddr.IPv6).isIPv4MappedAddress()) return;
    const expected = twin.kind() === "ipv6" ? (twin as ipaddr.IPv6).toRFC5952String() : twin.toString();
    assert.equal(formatAddress(one), expected);
  }));
});

Deno.test("equalAddress tells families and bytes apart", () => {
  fc.assert(fc.property(anyAddress, anyAddress, (a, b) => {
    assert.equal(equalAddress(a, b), formatAddress(a) === formatAddress(b));
    assert(equalAddress(a, { family: a.family, bytes: a.bytes.slice() }));
  }));
});

Deno.test("nextAddress counts on and leaves the address as it was", () => {
  const one = address("192.168.251.1");
  assert.equal(formatAddress(nextAddress(one)), "192.168.251.2");
  assert.equal(formatAddress(one), "192.168.251.1");
  assert.equal(formatAddress(nextAddress(address("10.0.255.255"))), "10.1.0.0");
  assert.equal(formatAddress(nextAddress(address("fd00::ffff:ffff"))), "fd00::1:0:0");
  assert.throws(() => nextAddress(address("255.255.255.255")), RangeError);
  assert.throws(() => nextAddress(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), RangeError);
});

Deno.test("IPv4 addresses and 32-bit numbers are each other's mirror", () => {
  assert.equal(addressToUint32(address("192.168.251.1")), 0xc0a8fb01);
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
    assert.equal(addressToUint32(addressFromUint32(value)), value);
    const following = value === 0xffffffff ? undefined : value + 1;
    if (following !== undefined) {
      assert.equal(addressToUint32(nextAddress(addressFromUint32(value))), following);
    }
  }));
  // A view into a larger buffer, as a packet's address is.
  assert.equal(
    addressToUint32({ family: 4, bytes: Uint8Array.of(9, 9, 10, 0, 0, 1).subarray(2) }),
    0x0a000001,
  );
  assert.throws(() => addressToUint32(address("::1")), RangeError);
});

Deno.test("an IPv4-mapped address and its IPv4 address are made of each other", () => {
  assert.deepEqual(mapAddress(address("192.0.2.1")), address("::ffff:192.0.2.1"));
  assert.deepEqual(unmapAddress(address("::ffff:192.0.2.1")), address("192.0.2.1"));
  for (const text of ["::ffff:0:192.0.2.1", "::192.0.2.1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1"]) {
    assert.deepEqual(unmapAddress(address(text)), address(text));
  }
  fc.assert(fc.property(anyIpv4, (one) => assert.deepEqual(unmapAddress(mapAddress(one)), one)));
});

Deno.test("a link-local address may have the number of its interface", () => {
  const scoped = parseScopedAddress("fe80::1%12");
  assert.deepEqual(scoped, { ...address("fe80::1"), scope: 12 });
  assert.ok(scoped);
  assert.equal(formatAddress(scoped), "fe80::1%12");
  assert.equal(equalAddress(scoped, address("fe80::1")), false);
  assert.equal(equalAddress(scoped, { ...address("fe80::1"), scope: 13 }), false);
  assert.equal(parseScopedAddress("febf::1%4294967295")?.scope, 0xffff_ffff);
  assert.deepEqual(parseScopedAddress("2001:db8::1"), address("2001:db8::1"));
  const refused =
    "fe80::1%|fe80::1%0|fe80::1%01|fe80::1%4294967296|fe80::1%eth0|fe80::1%1%2|2001:db8::1%1|fec0::1%1|" +
    "127.0.0.1%1|%1|fe80%1|fe80::1%-1|fe80::1/64%1";
  for (const text of refused.split("|")) assert.equal(parseScopedAddress(text), undefined, text);
});

Deno.test("a zone is a number or the name of an interface", () => {
  for (const text of ["fe80::1%eth0", "fe80::1%2", "fe80::1%br-0a1b2c3d4e5f"]) {
    assert.ok(isZonedAddress(text), text);
  }
  const refused =
    "fe80::1|fe80::1%|fe80::1%an-interface-too-long|fe80::1%a b|::1%lo|10.0.0.1%eth0|fe80::1%a/b|fe80::1%\0";
  for (const text of refused.split("|")) assert.equal(isZonedAddress(text), false, text);
});
