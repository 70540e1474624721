import assert from "node:assert/strict";
import fc from "fast-check";
import { IOVECS_PER_DATAGRAM, TxQueue } from "../packet/tx_queue.ts";
import { IOVEC_SIZE } from "../memory/arena.ts";
import { anySuperFrame } from "./arbitrary_fixture.ts";
import { type CoalesceOptions, Coalescer } from "./coalesce.ts";
import { coalesceTwin } from "./coalesce_twin_fixture.ts";
import { type Frame, gather, hex, openArena, superFrame, virtioBytes, virtioOf } from "./frame_fixture.ts";
import {
  ACK,
  concat,
  CWR,
  DONT_FRAGMENT,
  ECE,
  FIN,
  MORE_FRAGMENTS,
  noise,
  type PacketFields,
  packetOf,
  plainTcp,
  plainUdp,
  PSH,
  sealTransport,
  SYN,
  URG,
  writeUint16,
} from "./packets_fixture.ts";
import { appendFrame } from "./segment.ts";
import { segmentTwin } from "./segment_twin_fixture.ts";
import { anyStream } from "./stream_fixture.ts";

const { arena, sum } = openArena(3 << 20);
const list = new TxQueue(arena, 2048);
const frames: (Frame & { readonly packets: number })[] = [];
const coalescers = new Map<string, Coalescer>();
const superAt = arena.allocate(65536 + 128, 64) + 64;
const STORE = 2 << 20;
const storeAt = arena.allocate(STORE, 64);

function coalescer(options: CoalesceOptions): Coalescer {
  const key = JSON.stringify(options);
  const made = coalescers.get(key) ?? new Coalescer(arena, sum, options, (iovecs, count, packets) => {
    const bytes = gather(arena, iovecs, count);
    frames.push({ virtio: virtioOf(bytes), packet: bytes.slice(10), packets });
  });
  coalescers.set(key, made);
  return made;
}

const BOTH = { tcp: true, udp: true };
const GAP = 5;

/** The frames written for these packets, which lie `GAP` odd bytes apart. */
function coalesce(packets: readonly Uint8Array[], options: CoalesceOptions = BOTH): Frame[] {
  frames.length = 0;
  let at = storeAt + 1;
  for (const packet of packets) {
    arena.u8.set(packet, at);
    at += packet.length + GAP;
  }
  at = storeAt + 1;
  const target = coalescer(options);
  for (const { length } of packets) {
    target.push(at, length);
    at += length + GAP;
  }
  target.flush();
  assert.equal(frames.reduce((total, frame) => total + frame.packets, 0), packets.length);
  return frames.map(({ virtio, packet }) => ({ virtio, packet }));
}

/** Cut by the code under test. */
function segment({ virtio, packet }: Frame): Uint8Array[] {
  list.clear();
  arena.u8.set(virtioBytes(virtio), superAt - 10);
  arena.u8.set(packet, superAt);
  assert.ok(appendFrame(list, sum, superAt - 10, superAt, packet.length) > 0);
  return Array.from(
    { length: list.count },
    (_, index) => gather(arena, list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE, IOVECS_PER_DATAGRAM),
  );
}

/** The packet without what a receiver must ignore: the id of an IPv4 packet that may not be fragmented (RFC 6864). */
function meaningOf(packet: Uint8Array): Uint8Array {
  if (packet[0] >>> 4 !== 4 || (packet[6] & 0x40) === 0) return packet;
  const copy = packet.slice();
  copy.fill(0, 4, 6);
  copy.fill(0, 10, 12);
  return copy;
}

const shown = (all: readonly Frame[]) => all.map(({ virtio, packet }) => ({ virtio, packet: hex(packet) }));

/** `count` packets of one flow in a row. */
function row(base: PacketFields, count: number, size = 100): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    packetOf({
      ...base,
      id: base.source.length === 4 ? base.id + index & 0xffff : base.id,
      payload: noise(size, index),
      ...(base.tcp && { tcp: { ...base.tcp, sequence: (base.tcp.sequence + index * size) >>> 0 } }),
    }));
}

const v6 = { source: noise(16, 3), destination: noise(16, 4) };

Deno.test("any stream is joined as the slow twin joins it", () => {
  const anyOptions = fc.record({ tcp: fc.boolean(), udp: fc.boolean() });
  fc.assert(
    fc.property(anyStream, fc.oneof(fc.constant(BOTH), anyOptions), (packets, options) => {
      assert.deepEqual(shown(coalesce(packets, options)), shown(coalesceTwin(packets, options)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("what is joined comes apart into the same packets in the same order", () => {
  fc.assert(
    fc.property(anyStream, (packets) => {
      const cut = coalesce(packets).flatMap((frame) =>
        frame.virtio.type === 0 ? [frame.packet] : segment(frame)
      );
      assert.deepEqual(cut.map(meaningOf).map(hex), packets.map(meaningOf).map(hex));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a large packet survives being cut, joined and cut again, octet for octet", () => {
  fc.assert(
    fc.property(anySuperFrame, (frame) => {
      const cut = segment(frame);
      const again = coalesce(cut).flatMap((joined) =>
        joined.virtio.type === 0 ? [joined.packet] : segmentTwin(joined)
      );
      assert.deepEqual(again.map(hex), cut.map(hex));
    }),
    { numRuns: 100 },
  );
});

Deno.test("only headers of packets that were joined are written to", () => {
  fc.assert(
    fc.property(anyStream, (packets) => {
      arena.u8.fill(0x5a, storeAt, storeAt + STORE);
      coalesce(packets);
      let at = storeAt;
      const isGap = (from: number, to: number) =>
        arena.u8.subarray(from, to).every((octet) => octet === 0x5a);
      assert.ok(isGap(at, at + 1));
      at += 1;
      for (const packet of packets) {
        const transport = packet[0] >>> 4 === 4 ? (packet[0] & 15) * 4 : 40;
        // No transport header in these streams is longer than 36 bytes.
        const payload = Math.min(transport + 36, packet.length);
        const kept = arena.u8.slice(at + payload, at + packet.length);
        assert.equal(hex(kept), hex(packet.subarray(payload)), "payload stays");
        at += packet.length;
        assert.ok(isGap(at, at + GAP));
        at += GAP;
      }
      assert.ok(isGap(at, at + 4096));
    }),
    { numRuns: 100 },
  );
});

for (
  const [name, base, type] of [
    ["TCP over IPv4", plainTcp, 1],
    ["TCP over IPv6", { ...plainTcp, ...v6 }, 4],
    ["UDP over IPv4", plainUdp, 5],
    ["UDP over IPv6", { ...plainUdp, ...v6 }, 5],
    ["TCP over IPv4 that may be fragmented", { ...plainTcp, fragment: 0, id: 0xfffe }, 1],
  ] as [string, PacketFields, number][]
) {
  Deno.test(`${name}: packets in a row become one frame`, () => {
    const packets = row(base, 5);
    const [frame, ...others] = coalesce(packets);
    assert.deepEqual(others, []);
    assert.equal(frame.virtio.type, type);
    assert.equal(frame.virtio.size, 100);
    assert.deepEqual(segmentTwin(frame), packets);
  });
}

const tcpWith = (changes: Partial<PacketFields["tcp"]>) => ({
  ...plainTcp,
  tcp: { ...plainTcp.tcp, ...changes },
});

for (
  const [what, base] of [
    ["fragments", { ...plainUdp, fragment: MORE_FRAGMENTS }],
    ["last fragments", { ...plainTcp, fragment: 1 }],
    ["IPv4 options", { ...plainTcp, options: new Uint8Array(4).fill(1) }],
    ["IPv6 extension headers", { ...plainUdp, ...v6, options: new Uint8Array(8) }],
    ["reserved TCP bits", tcpWith({ reserved: 1 })],
    ["FIN", tcpWith({ flags: ACK | FIN })],
    ["SYN", tcpWith({ flags: ACK | SYN })],
    ["ECE", tcpWith({ flags: ACK | ECE })],
    ["CWR", tcpWith({ flags: ACK | CWR })],
    ["URG", tcpWith({ flags: ACK | URG })],
    ["PSH", tcpWith({ flags: ACK | PSH })],
    ["no ACK", tcpWith({ flags: 0 })],
  ] as [string, PacketFields][]
) {
  Deno.test(`packets with ${what} are never joined, however equal they are`, () => {
    const packets = row(base, 3);
    assert.deepEqual(coalesce(packets).map(({ packet }) => hex(packet)), packets.map(hex));
    assert.ok(frames.every(({ virtio }) => virtio.flags === 0 && virtio.type === 0));
  });
}

Deno.test("a datagram that does not fill its packet is never joined", () => {
  const packets = row(plainUdp, 3);
  writeUint16(packets[0], 24, 50);
  sealTransport(packets[0], 20, 17);
  coalesce(packets);
  assert.deepEqual(frames.map((frame) => frame.packets), [1, 2]);
});

Deno.test("pure acknowledgements go through one by one", () => {
  const packets = row(plainTcp, 3, 0);
  assert.deepEqual(coalesce(packets).map(({ packet }) => packet), packets);
});

Deno.test("a shorter packet ends the frame", () => {
  const [a, b] = row(plainUdp, 2);
  const short = packetOf({ ...plainUdp, payload: noise(60, 1) });
  assert.deepEqual(coalesce([a, short, short, b]).map(({ packet }) => packet.length), [188, 88, 128]);
});

Deno.test("a packet with PSH is the last of its frame", () => {
  const packets = row(plainTcp, 3);
  packets[1] = packetOf({
    ...plainTcp,
    payload: noise(100, 1),
    tcp: { ...plainTcp.tcp, sequence: 1_000_100, flags: ACK | PSH },
  });
  const [joined, alone] = coalesce(packets);
  assert.equal(joined.packet[33], ACK | PSH);
  assert.deepEqual(alone.packet, packets[2]);
});

Deno.test("ids that stand still join where they mean nothing", () => {
  const still = (fragment: number) =>
    [0, 1].map((index) => packetOf({ ...plainUdp, fragment, id: 0, payload: noise(50, index) }));
  assert.equal(coalesce(still(DONT_FRAGMENT)).length, 1);
  assert.equal(coalesce(still(0)).length, 2);
});

Deno.test("a frame holds at most 64 packets and 65,535 octets", () => {
  const counts = (packets: Uint8Array[]) => {
    coalesce(packets);
    return frames.map((frame) => frame.packets);
  };
  assert.deepEqual(counts(row(plainUdp, 150, 20)), [64, 64, 22]);
  assert.deepEqual(counts(row(plainTcp, 50, 1460)), [44, 6]);
  // 20 + 8 + 5 * 13,101 + 2 = 65,535.
  const six = row(plainUdp, 5, 13_101);
  assert.deepEqual(counts([...six, packetOf({ ...plainUdp, payload: noise(2, 9) })]), [6]);
  assert.deepEqual(counts([...six, packetOf({ ...plainUdp, payload: noise(3, 9) })]), [5, 1]);
});

for (const fields of [plainTcp, plainUdp]) {
  const name = fields.tcp === undefined ? "UDP" : "TCP";
  Deno.test(`${name}: a packet whose checksum is wrong goes through as it came, its neighbours without it`, () => {
    const packets = row(fields, 5);
    packets[2][80] ^= 4;
    const written = coalesce(packets);
    assert.deepEqual(frames.map((frame) => frame.packets), [2, 1, 2]);
    assert.equal(hex(written[1].packet), hex(packets[2]));
    assert.equal(written[1].virtio.flags, 0, "the host checks it itself");

    const beginning = row(fields, 4);
    beginning[0][80] ^= 4;
    const [first] = coalesce(beginning);
    assert.deepEqual(frames.map((frame) => frame.packets), [1, 3]);
    assert.equal(hex(first.packet), hex(beginning[0]));
  });
}

Deno.test("a checksum of ffff holds where it means the same as 0, and is joined", () => {
  const packets = row(plainUdp, 3);
  const payload = packets[1].subarray(28);
  const last = (payload[98] << 8 | payload[99]) + (packets[1][26] << 8 | packets[1][27]);
  writeUint16(payload, 98, last > 0xffff ? last - 0xffff : last);
  packets[1] = packetOf({ ...plainUdp, id: plainUdp.id + 1, payload: payload.slice() });
  assert.deepEqual(packets[1].subarray(26, 28), new Uint8Array([0xff, 0xff]));
  const [frame, ...others] = coalesce(packets);
  assert.deepEqual(others, []);
  assert.deepEqual(segmentTwin(frame), packets);
  writeUint16(packets[1], 26, 0);
  assert.equal(coalesce(packets).length, 3, "0 is no checksum");
});

Deno.test("a device without offload gets packet by packet, at once", () => {
  const target = coalescer({ tcp: false, udp: false });
  const [packet] = row(plainTcp, 1);
  frames.length = 0;
  arena.u8.set(packet, storeAt);
  target.push(storeAt, packet.length);
  assert.deepEqual(frames.map((frame) => frame.packet), [packet]);
});

Deno.test("what is open stays open until flush, which then has nothing left", () => {
  const target = coalescer(BOTH);
  const packets = row(plainTcp, 2);
  frames.length = 0;
  arena.u8.set(concat(...packets), storeAt);
  target.push(storeAt, packets[0].length);
  target.push(storeAt + packets[0].length, packets[1].length);
  assert.equal(frames.length, 0);
  target.flush();
  assert.equal(frames.length, 1);
  target.flush();
  assert.equal(frames.length, 1);
});

Deno.test("a large packet with everything that must be kept comes back whole", () => {
  const options = new Uint8Array([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
  const fields = {
    ...plainTcp,
    payload: noise(9999, 5),
    tcp: { ...plainTcp.tcp, options, flags: ACK | PSH },
  };
  const frame = superFrame(fields, 1337);
  assert.deepEqual(coalesce(segment(frame)), [frame]);
});
