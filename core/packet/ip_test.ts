import assert from "node:assert/strict";
import fc from "fast-check";
import { packetOf, plainTcp, plainUdp } from "../offload/packets_fixture.ts";
import { hasSourceRoute, ipv4Destination, ipv4Source, packetVersion } from "./ip.ts";

const ipv4 = packetOf(plainUdp);
const ipv6 = packetOf({
  ...plainTcp,
  source: new Uint8Array(16).fill(1),
  destination: new Uint8Array(16).fill(2),
});

/** The packet's version where it stands at an odd offset among other bytes. */
function versionAmong(packet: Uint8Array, filling: number): number {
  const bytes = new Uint8Array(packet.length + 64).fill(filling);
  bytes.set(packet, 13);
  return packetVersion(bytes, 13, packet.length);
}

Deno.test("whole packets are told by their version", () => {
  assert.equal(versionAmong(ipv4, 0), 4);
  assert.equal(versionAmong(packetOf({ ...plainTcp, options: new Uint8Array(40) }), 0), 4);
  assert.equal(versionAmong(ipv6, 0), 6);
  assert.equal(
    versionAmong(ipv4.map((octet, at) => at === 3 ? 20 : at === 2 ? 0 : octet).slice(0, 20), 0),
    4,
  );
});

Deno.test("a packet cut short or with something behind it is none", () => {
  fc.assert(fc.property(fc.constantFrom(ipv4, ipv6), fc.nat({ max: 1039 }), (packet, length) => {
    fc.pre(length !== packet.length);
    assert.equal(versionAmong(packet.slice(0, Math.min(length, packet.length - 1)), 0x40), 0);
  }));
  for (const packet of [ipv4, ipv6]) {
    const longer = new Uint8Array(packet.length + 1);
    longer.set(packet);
    assert.equal(versionAmong(longer, 0), 0);
  }
});

Deno.test("a header that is no header makes no packet", () => {
  const withFirst = (octet: number) => versionAmong(ipv4.map((each, at) => at === 0 ? octet : each), 0);
  for (const octet of [0x00, 0x44, 0x35, 0x55, 0xf5]) assert.equal(withFirst(octet), 0);
  const short = new Uint8Array(24);
  short.set([0x47, 0, 0, 24]);
  assert.equal(versionAmong(short, 0), 0, "the header is longer than the packet");
});

Deno.test("nothing beyond the length is read", () => {
  const near = fc.oneof(fc.constant(0x45), fc.constant(0x60), fc.integer({ min: 0, max: 255 }));
  fc.assert(fc.property(fc.array(near, { maxLength: 60 }), (octets) => {
    const packet = Uint8Array.from(octets);
    assert.equal(versionAmong(packet, 0), versionAmong(packet, 0xff));
  }));
});

Deno.test("addresses are unsigned numbers", () => {
  const packet = packetOf({
    ...plainUdp,
    source: new Uint8Array([255, 0, 1, 2]),
    destination: new Uint8Array([192, 168, 251, 1]),
  });
  const bytes = new Uint8Array(packet.length + 3);
  bytes.set(packet, 3);
  assert.equal(ipv4Source(bytes, 3), 0xff000102);
  assert.equal(ipv4Destination(bytes, 3), 0xc0a8fb01);
});

/** A packet with these options, padded with ends of the list, behind eight other octets. */
function withOptions(...options: number[]): Uint8Array {
  const length = 20 + Math.ceil(options.length / 4) * 4;
  const bytes = new Uint8Array(8 + length + 8).fill(131);
  bytes.fill(0, 8, 8 + length);
  bytes[8] = 0x40 | length / 4;
  bytes.set(options, 28);
  return bytes;
}

Deno.test("loose and strict source routes are found, wherever among the options", () => {
  for (const type of [131, 137]) {
    assert.ok(hasSourceRoute(withOptions(type, 7, 4, 10, 0, 0, 1), 8));
    assert.ok(hasSourceRoute(withOptions(1, 1, type, 7, 4, 10, 0, 0, 1), 8));
    // Behind a timestamp (68) of eight octets.
    assert.ok(hasSourceRoute(withOptions(68, 8, 5, 0, 0, 0, 0, 0, type, 7, 4, 10, 0, 0, 1), 8));
  }
});

Deno.test("other options are none, nor is what lies behind the last one or in one's data", () => {
  assert.equal(hasSourceRoute(withOptions(), 8), false);
  assert.equal(hasSourceRoute(withOptions(148, 4, 0, 0), 8), false);
  assert.equal(hasSourceRoute(withOptions(7, 7, 4, 131, 137, 131, 137), 8), false);
  assert.equal(hasSourceRoute(withOptions(0, 131, 7, 4), 8), false);
});

Deno.test("options that end badly are not trusted", () => {
  assert.ok(hasSourceRoute(withOptions(7, 0, 131, 4), 8));
  assert.ok(hasSourceRoute(withOptions(7, 1, 0, 0), 8));
  assert.ok(hasSourceRoute(withOptions(7, 9, 0, 0), 8));
  assert.ok(hasSourceRoute(withOptions(1, 1, 1, 7), 8));
});
