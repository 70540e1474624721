import assert from "node:assert/strict";
import fc from "fast-check";
import { hex, openArena } from "../offload/frame_fixture.ts";
import {
  concat,
  DONT_FRAGMENT,
  MORE_FRAGMENTS,
  noise,
  onesComplementSum,
  packetOf,
  plainTcp,
  plainUdp,
  pseudoHeaderSum,
} from "../offload/packets_fixture.ts";
import { isIcmpError } from "./icmp_echo.ts";
import { MAX_TOO_LONG, MAY_FRAGMENT, writeTooLong } from "./icmp_too_long.ts";
import { packetVersion } from "./ip.ts";

const { arena, sum } = openArena(1 << 18);
const AT = 101;
const PACKET = 3003;
const SOURCE4 = Uint8Array.of(192, 168, 251, 2);
const SOURCE6 = Uint8Array.of(0xfd, 0xc0, 0xc0, 0xde, 2, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
const host6 = (last: number) => Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last);
const v6 = { source: host6(1), destination: host6(2) };

/** What is returned for a packet, and the report. */
function report(packet: Uint8Array, mtu: number, source?: Uint8Array, filling = 0xee) {
  const { u8 } = arena;
  u8.fill(filling, 0, PACKET + packet.length + 200);
  u8.set(packet, PACKET);
  const own = source ?? (packet[0] >>> 4 === 6 ? SOURCE6 : SOURCE4);
  const result = writeTooLong(arena, sum, AT, PACKET, packet.length, mtu, own);
  const length = Math.max(0, result);
  assert.ok(length <= MAX_TOO_LONG);
  assert.equal(hex(u8.subarray(PACKET, PACKET + packet.length)), hex(packet), "the packet stays as it is");
  const around = concat(u8.slice(0, AT), u8.slice(AT + length, PACKET));
  assert.ok(around.every((octet) => octet === filling), "nothing around the report is written");
  return { result, bytes: u8.slice(AT, AT + length) };
}

const uint16 = (bytes: Uint8Array, at: number) => bytes[at] << 8 | bytes[at + 1];

Deno.test("a report over IPv4 has the MTU and quotes up to 576 octets in all", () => {
  const anyLength = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 9000 }));
  fc.assert(fc.property(anyLength, fc.integer({ min: 68, max: 0xffff }), (length, mtu) => {
    const packet = packetOf({ ...plainTcp, payload: noise(length, 1) });
    const { result, bytes } = report(packet, mtu);
    assert.equal(result, Math.min(576, packet.length + 28));
    assert.equal(packetVersion(bytes, 0, bytes.length), 4);
    assert.equal(hex(bytes.subarray(12, 20)), hex(SOURCE4) + hex(plainTcp.source));
    assert.deepEqual([bytes[0], bytes[9], bytes[20], bytes[21]], [0x45, 1, 3, 4]);
    assert.deepEqual([uint16(bytes, 24), uint16(bytes, 26)], [0, mtu]);
    assert.equal(hex(bytes.subarray(28)), hex(packet.subarray(0, result - 28)));
    assert.equal(onesComplementSum(bytes.subarray(0, 20)), 0xffff);
    assert.equal(onesComplementSum(bytes.subarray(20)), 0xffff);
  }));
});

Deno.test("a report over IPv6 has the MTU and quotes up to 1280 octets in all", () => {
  const anyLength = fc.oneof(fc.integer({ min: 0, max: 1400 }), fc.integer({ min: 0, max: 9000 }));
  fc.assert(fc.property(anyLength, fc.integer({ min: 1280, max: 0x20000 }), (length, mtu) => {
    const packet = packetOf({ ...plainTcp, ...v6, payload: noise(length, 1) });
    const { result, bytes } = report(packet, mtu);
    assert.equal(result, Math.min(1280, packet.length + 48));
    assert.equal(packetVersion(bytes, 0, bytes.length), 6);
    assert.equal(hex(bytes.subarray(8, 40)), hex(SOURCE6) + hex(v6.source));
    assert.deepEqual([bytes[6], bytes[40], bytes[41]], [58, 2, 0]);
    assert.equal(uint16(bytes, 44) * 65_536 + uint16(bytes, 46), mtu);
    assert.equal(hex(bytes.subarray(48)), hex(packet.subarray(0, result - 48)));
    const pseudo = pseudoHeaderSum(bytes, 58, bytes.length - 40);
    const covered = concat(Uint8Array.of(pseudo >>> 8, pseudo & 0xff), bytes.subarray(40));
    assert.equal(onesComplementSum(covered), 0xffff);
  }));
});

Deno.test("the report about a packet is these octets", () => {
  const packet = packetOf({ ...plainTcp, payload: new Uint8Array() });
  assert.equal(
    hex(report(packet, 1400).bytes.subarray(0, 28)),
    "45c000440000400040017444c0a8fb020a090001" + "0304adbb00000578",
  );
});

Deno.test("an IPv4 packet without DF may be fragmented", () => {
  for (const fragment of [0, MORE_FRAGMENTS, 185]) {
    assert.equal(report(packetOf({ ...plainUdp, fragment }), 576).result, MAY_FRAGMENT);
  }
});

/** An ICMP message of this type over IPv4, or over IPv6. */
function icmp(type: number, version: 4 | 6): Uint8Array {
  const payload = noise(1500, 3);
  const packet = packetOf({ ...plainUdp, ...(version === 6 && v6), payload });
  packet[version === 4 ? 9 : 6] = version === 4 ? 1 : 58;
  packet[version === 4 ? 20 : 40] = type;
  return packet;
}

Deno.test("no report is made about an ICMP error", () => {
  for (let type = 0; type < 256; type++) {
    assert.equal(report(icmp(type, 4), 1400).result > 0, ![3, 11, 12].includes(type), `${type}`);
    assert.equal(report(icmp(type, 6), 1400).result > 0, type >= 128 && type !== 137, `${type}`);
  }
  assert.ok(isIcmpError(report(icmp(8, 4), 1400).bytes, 0, 576), "so none about a report");
});

Deno.test("an ICMPv6 error is one behind extension headers too", () => {
  const packet = packetOf({ ...plainUdp, ...v6, options: new Uint8Array(16) });
  assert.equal(report(packet, 500).result > 0, true);
  packet[40] = 58;
  packet[56] = 1;
  assert.equal(report(packet, 500).result, 0);
  packet[56] = 128;
  assert.equal(report(packet, 500).result > 0, true);
});

const from = (...octets: number[]) => packetOf({ ...plainTcp, source: Uint8Array.from(octets) });
const to = (...octets: number[]) => packetOf({ ...plainTcp, destination: Uint8Array.from(octets) });
const address6 = (first: number, last: number) => {
  const address = new Uint8Array(16);
  [address[0], address[15]] = [first, last];
  return address;
};
const from6 = (first: number, last: number) =>
  packetOf({ ...plainTcp, ...v6, source: address6(first, last) });

/** A fragment of IPv6 whose offset and M are these two octets. */
function fragment6(high: number, low: number): Uint8Array {
  const packet = packetOf({ ...plainUdp, ...v6, options: new Uint8Array(8) });
  packet[6] = 44;
  packet.set([17, 0, high, low, 1, 2, 3, 4], 40);
  return packet;
}

for (
  const [what, packet] of [
    ["from this network", from(0, 0, 0, 0)],
    ["from loopback", from(127, 0, 0, 1)],
    ["from a multicast address", from(224, 0, 0, 1)],
    ["from the broadcast address", from(255, 255, 255, 255)],
    ["to a multicast address", to(239, 1, 2, 3)],
    ["to the broadcast address", to(255, 255, 255, 255)],
    ["that is a later fragment", packetOf({ ...plainTcp, fragment: DONT_FRAGMENT | 1 })],
    ["from :: over IPv6", from6(0, 0)],
    ["from ::1 over IPv6", from6(0, 1)],
    ["from a multicast address over IPv6", from6(0xff, 1)],
    ["that is a later fragment of IPv6", fragment6(0, 8)],
    [
      "whose extension headers run past its end",
      packetOf({ ...plainTcp, ...v6, payload: new Uint8Array() }).with(6, 0),
    ],
    ["that is none", noise(100, 3).fill(0x77, 0, 1)],
  ] as [string, Uint8Array][]
) {
  Deno.test(`no report is made about a packet ${what}`, () => assert.equal(report(packet, 500).result, 0));
}

Deno.test("a report is made about a first fragment, and an IPv6 packet to many", () => {
  const first = packetOf({ ...plainTcp, fragment: DONT_FRAGMENT | MORE_FRAGMENTS });
  assert.ok(report(first, 500).result > 0);
  assert.ok(report(fragment6(0, 1), 500).result > 0);
  const many = packetOf({ ...plainTcp, ...v6, destination: address6(0xff, 1) });
  assert.ok(report(many, 500).result > 0);
  assert.ok(report(from6(0, 2), 500).result > 0);
  assert.ok(report(from(223, 255, 255, 255), 500).result > 0);
});

Deno.test("a source of the other version makes no report", () => {
  assert.equal(report(packetOf(plainTcp), 500, SOURCE6).result, 0);
  assert.equal(report(packetOf({ ...plainTcp, ...v6 }), 500, SOURCE4).result, 0);
});

Deno.test("whatever a packet says, nothing beyond it is read", () => {
  const anyPacket = fc.tuple(
    fc.constantFrom(
      icmp(8, 4),
      icmp(128, 6),
      fragment6(0, 1),
      packetOf({ ...plainTcp, options: new Uint8Array(8) }),
    ),
    fc.array(fc.tuple(fc.nat({ max: 70 }), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.integer({ min: 20, max: 80 }),
  ).map(([whole, changes, length]) => {
    const packet = whole.slice(0, length);
    for (const [at, octet] of changes) if (at < length) packet[at] = octet;
    // The lengths of short packets, so that most of them are whole.
    if (packet[0] >>> 4 === 6) packet[5] = Math.max(0, length - 40);
    packet[packet[0] >>> 4 === 6 ? 4 : 2] = 0;
    if (packet[0] >>> 4 === 4) packet[3] = length;
    return packet;
  });
  fc.assert(fc.property(anyPacket, (packet) => {
    const { result, bytes } = report(packet, 500);
    for (const filling of [0x00, 0x01, 0xff]) {
      const again = report(packet, 500, undefined, filling);
      assert.deepEqual([again.result, hex(again.bytes)], [result, hex(bytes)]);
    }
  }));
});
