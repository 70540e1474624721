import assert from "node:assert/strict";
import fc from "fast-check";
import { hex, openArena, superFrame } from "../offload/frame_fixture.ts";
import { ACK, noise, type PacketFields, packetOf, plainTcp, SYN } from "../offload/packets_fixture.ts";
import { lowerMss, raiseMss } from "./mss.ts";

const { arena } = openArena(65_536);
const AT = 2051;
const v6 = { source: noise(16, 1), destination: noise(16, 2) };

/** The options, filled up with ends of the list. */
function padded(options: readonly number[]): Uint8Array {
  const all = new Uint8Array(Math.ceil(options.length / 4) * 4);
  all.set(options);
  return all;
}

const mssOption = (mss: number) => [2, 4, mss >>> 8, mss & 0xff];

function synWith(options: readonly number[], changes: Partial<PacketFields> = {}, flags = SYN): PacketFields {
  const tcp = { ...plainTcp.tcp, flags, options: padded(options) };
  return { ...plainTcp, payload: new Uint8Array(), tcp, ...changes };
}

/** What becomes of a packet, which lies at an odd place among other octets. */
function changed(
  packet: Uint8Array,
  change: (at: number, length: number) => boolean,
  filling = 0,
): Uint8Array {
  arena.u8.fill(filling, AT - 100, AT + 2000);
  arena.u8.set(packet, AT);
  const isChanged = change(AT, packet.length);
  const after = arena.u8.slice(AT, AT + packet.length);
  assert.equal(hex(after) !== hex(packet), isChanged, "it says whether it changed something");
  const around = hex(arena.u8.subarray(AT - 100, AT)) + hex(arena.u8.subarray(AT + packet.length, AT + 2000));
  assert.equal(around, filling.toString(16).padStart(2, "0").repeat(around.length / 2));
  return after;
}

const raised = (packet: Uint8Array, from: number, to: number, isPartial = false, filling = 0) =>
  changed(packet, (at, length) => raiseMss(arena, at, length, from, to, isPartial), filling);
const lowered = (packet: Uint8Array, to: number, isPartial = false) =>
  changed(packet, (at, length) => lowerMss(arena, at, length, to, isPartial));

/** Options as systems send them, the MSS somewhere among them: at even and at odd places. */
const anyOption = fc.constantFrom([1], [3, 3, 7], [4, 2], [8, 10, 1, 2, 3, 4, 5, 6, 7, 8], [254, 4, 2, 4]);
const anyOptions = fc.tuple(
  fc.array(anyOption, { maxLength: 3 }),
  fc.array(anyOption, { maxLength: 2 }),
).map(([before, after]) => (mss: number) => [...before.flat(), ...mssOption(mss), ...after.flat()])
  .filter((options) => options(0).length <= 40);
const anySyn = fc.record({
  options: anyOptions,
  changes: fc.constantFrom<Partial<PacketFields>>(
    {},
    v6,
    { options: noise(8, 5) },
    { payload: noise(33, 6) },
    { fragment: 0 },
  ),
  flags: fc.constantFrom(SYN, SYN | ACK, SYN | 0xc0),
});
const anyMss = fc.oneof(
  fc.constantFrom(0, 536, 1359, 1360, 1460, 0xffff),
  fc.integer({ min: 0, max: 0xffff }),
);

Deno.test("a raised MSS is all that differs, and the checksum holds again", () => {
  fc.assert(fc.property(anySyn, anyMss, anyMss, anyMss, ({ options, changes, flags }, mss, from, to) => {
    const expected = mss >= from && to > mss ? to : mss;
    const packet = packetOf(synWith(options(mss), changes, flags));
    assert.equal(hex(raised(packet, from, to)), hex(packetOf(synWith(options(expected), changes, flags))));
  }));
});

Deno.test("a lowered MSS is all that differs, and the checksum holds again", () => {
  fc.assert(fc.property(anySyn, anyMss, anyMss, ({ options, changes, flags }, mss, to) => {
    const packet = packetOf(synWith(options(mss), changes, flags));
    const expected = packetOf(synWith(options(Math.min(mss, to)), changes, flags));
    assert.equal(hex(lowered(packet, to)), hex(expected));
  }));
});

Deno.test("a checksum that the kernel is to finish stays as it is", () => {
  fc.assert(fc.property(anySyn, ({ options, changes, flags }) => {
    const unfinished = (mss: number) => superFrame(synWith(options(mss), changes, flags), 0).packet;
    assert.equal(hex(raised(unfinished(1460), 1000, 15_960, true)), hex(unfinished(15_960)));
    assert.equal(hex(lowered(unfinished(1460), 1000, true)), hex(unfinished(1000)));
  }));
});

Deno.test("the MSS of Linux's SYN becomes that of the path", () => {
  const options = [2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
  const packet = packetOf(synWith(options));
  const after = raised(packet, 1360, 15_960);
  assert.deepEqual([...after.subarray(40, 44)], [2, 4, 0x3e, 0x58]);
  // 0x05b4 became 0x3e58: 0x38a4 more in the sum, which is as much less in its complement.
  const checksum = (bytes: Uint8Array) => bytes[36] << 8 | bytes[37];
  assert.equal((checksum(packet) - checksum(after) + 0xffff) % 0xffff, 0x38a4);
});

Deno.test("every MSS option of a SYN is raised, since a receiver takes the last", () => {
  const options = (...all: number[]) => packetOf(synWith(all.flatMap(mssOption)));
  assert.equal(hex(raised(options(1460, 1400), 1360, 15_960)), hex(options(15_960, 15_960)));
});

Deno.test("a broken checksum stays broken", () => {
  const packet = packetOf(synWith(mssOption(1460)));
  packet[36] ^= 1;
  const after = raised(packet, 1360, 15_960);
  const sound = packetOf(synWith(mssOption(15_960)));
  assert.notEqual(hex(after), hex(sound));
  assert.equal(hex(after.subarray(40)), hex(sound.subarray(40)));
});

for (
  const [what, packet] of [
    ["a packet that opens no connection", packetOf(synWith(mssOption(1460), {}, ACK))],
    ["a SYN without options", packetOf(synWith([]))],
    ["a SYN without the option", packetOf(synWith([1, 1, 4, 2]))],
    ["another protocol than TCP", packetOf(synWith(mssOption(1460))).with(9, 17)],
    ["a first fragment", packetOf(synWith(mssOption(1460), { fragment: 0x2000 }))],
    ["a later fragment", packetOf(synWith(mssOption(1460), { fragment: 1 }))],
    [
      "a SYN behind extension headers",
      packetOf(synWith(mssOption(1460), { ...v6, options: new Uint8Array(8) })),
    ],
    ["an MSS behind the end of the list", packetOf(synWith([0, 0, 0, 0, ...mssOption(1460)]))],
    ["an MSS within another option", packetOf(synWith([254, 6, ...mssOption(1460), 0, 0]))],
    ["an MSS of another length", packetOf(synWith([2, 3, 5, 2, 5, 0, 0, 0]))],
    ["an MSS behind an option of no length", packetOf(synWith([8, 0, ...mssOption(1460), 0, 0]))],
    ["an MSS that its header cuts short", packetOf(synWith([1, 2, 4, 5]))],
    [
      "an option whose length lies behind the header",
      packetOf(synWith([1, 1, 1, 2], { payload: noise(9, 1).fill(4) })),
    ],
  ] as [string, Uint8Array][]
) {
  Deno.test(`${what} is left as it is`, () => {
    assert.equal(hex(raised(packet, 0, 0xffff)), hex(packet));
    assert.equal(hex(lowered(packet, 0)), hex(packet));
  });
}

Deno.test("whatever a header says, nothing beyond the packet is read or changed", () => {
  const base = packetOf(synWith([1, ...mssOption(1460), 4, 2, 1]));
  const anyBroken = fc.tuple(
    fc.array(fc.tuple(fc.nat({ max: 47 }), fc.oneof(fc.constantFrom(2, 4, 0xf0), fc.nat({ max: 255 }))), {
      maxLength: 4,
    }),
    fc.integer({ min: 20, max: 48 }),
  ).map(([changes, length]) => {
    const packet = base.slice(0, length);
    for (const [at, octet] of changes) if (at < length) packet[at] = octet;
    return packet;
  });
  fc.assert(fc.property(anyBroken, (packet) => {
    // A packet of version 6 has at least 40 octets: the caller has seen to that.
    fc.pre(packet[0] >>> 4 !== 6 || packet.length >= 40);
    const after = raised(packet, 0, 15_960);
    for (const filling of [0x02, 0x04, 0xff]) {
      assert.equal(hex(raised(packet, 0, 15_960, false, filling)), hex(after));
    }
  }));
});
