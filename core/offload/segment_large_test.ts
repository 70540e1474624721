import assert from "node:assert/strict";
import fc from "fast-check";
import { IOVEC_SIZE } from "../memory/arena.ts";
import { IOVECS_PER_DATAGRAM, TxQueue } from "../packet/tx_queue.ts";
import {
  LARGE_HEADER,
  largeHeaderLength,
  largeSegmentSize,
  largeTransport,
  largeType,
} from "../protocol/stream_frame.ts";
import { anyHeaders, anySuperFrame, payloadOf } from "./arbitrary_fixture.ts";
import { Coalescer } from "./coalesce.ts";
import { type Frame, gather, hex, openArena, superFrame, virtioBytes, virtioOf } from "./frame_fixture.ts";
import { describeLargePacket, isLargePacket, isLargeTcp } from "./large_packet.ts";
import { ACK, noise, plainTcp, plainUdp, PSH } from "./packets_fixture.ts";
import {
  appendFrame,
  appendLargeSegments,
  appendWhole,
  MALFORMED,
  QUEUE_FULL,
  segmentSizeWithin,
} from "./segment.ts";
import { segmentTwin } from "./segment_twin_fixture.ts";

const { arena, sum } = openArena(2 << 20);
const list = new TxQueue(arena, 2048);
const SLOT = 65_536 + 256;
const slot = arena.allocate(SLOT, 64);

/** Lays the frame out, its packet from byte `packetAt` on. */
function put({ virtio, packet }: Frame, packetAt: number): void {
  arena.u8.fill(0xa5, slot, slot + SLOT);
  arena.u8.set(virtioBytes(virtio), packetAt - 10);
  arena.u8.set(packet, packetAt);
}

function datagrams(): Uint8Array[] {
  return Array.from({ length: list.count }, (_, index) => {
    const iovecs = list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE;
    const bytes = gather(arena, iovecs, IOVECS_PER_DATAGRAM);
    assert.equal(list.lengths[index], bytes.length);
    return bytes;
  });
}

/** What the receiver of a large packet makes of it, where it lies `shift` bytes behind a multiple of 64. */
function cut(frame: Frame, shift: number, size?: number): Uint8Array[] {
  const packetAt = slot + 64 + shift;
  put(frame, packetAt);
  const { u8 } = arena;
  const large = packetAt - LARGE_HEADER;
  const { length } = frame.packet;
  assert.ok(describeLargePacket(u8, large, packetAt - 10, packetAt, length));
  const before = hex(u8.subarray(slot, slot + SLOT));
  list.clear();
  const transport = largeTransport(u8, large);
  const appended = appendLargeSegments(
    list,
    sum,
    packetAt,
    length,
    transport,
    size ?? largeSegmentSize(u8, large),
    isLargeTcp(largeType(u8, large)),
  );
  assert.equal(appended, list.count);
  assert.equal(hex(u8.subarray(slot, slot + SLOT)), before, "nothing of it is changed");
  return datagrams();
}

const anyShift = fc.integer({ min: 0, max: 63 });
const anyLarge = anySuperFrame.filter(({ virtio, packet }) =>
  packet.length - virtio.headerLength >= virtio.size
);

Deno.test("a large packet is cut alike wherever in memory it lies", () => {
  fc.assert(
    fc.property(anyLarge, anyShift, (frame, shift) => {
      assert.deepEqual(cut(frame, shift).map(hex), segmentTwin(frame).map(hex));
    }),
    { numRuns: 150 },
  );
});

const joined: Frame[] = [];
const coalescer = new Coalescer(arena, sum, { tcp: true, udp: true }, (iovecs, count) => {
  const bytes = gather(arena, iovecs, count);
  joined.push({ virtio: virtioOf(bytes), packet: bytes.slice(10) });
});
const STORE = 512 * 1024;
const store = arena.allocate(STORE, 64);

function coalesce(packets: readonly Uint8Array[]): Frame[] {
  joined.length = 0;
  let at = store;
  for (const packet of packets) {
    assert.ok(at + packet.length <= store + STORE);
    arena.u8.set(packet, at);
    coalescer.push(at, packet.length);
    at += packet.length;
  }
  coalescer.flush();
  return [...joined];
}

/** Large packets of the kind that a kernel joins: no options of IP, plain flags, at most 64 segments. */
const joinable: fc.Arbitrary<Frame> = fc.tuple(
  anyHeaders,
  fc.integer({ min: 1, max: 1460 }).chain((size) =>
    fc.tuple(fc.constant(size), payloadOf(fc.integer({ min: size + 1, max: Math.min(64 * size, 65_000) })))
  ),
  fc.boolean(),
).map(([headers, [size, payload], push]) => {
  const tcp = headers.tcp && { ...headers.tcp, flags: push ? ACK | PSH : ACK, reserved: 0 };
  return superFrame({ ...headers, ...(tcp && { tcp }), options: new Uint8Array(), payload }, size);
});

Deno.test("what was cut and joined again is the large packet that it was", () => {
  fc.assert(
    fc.property(joinable, anyShift, (frame, shift) => {
      fc.pre(frame.packet.length - frame.virtio.headerLength > frame.virtio.size);
      const again = coalesce(cut(frame, shift));
      assert.deepEqual(again.map(({ virtio }) => virtio), [frame.virtio]);
      assert.equal(hex(again[0]?.packet ?? new Uint8Array()), hex(frame.packet));
    }),
    { numRuns: 150 },
  );
});

Deno.test("a cut for an interface is the greatest multiple of the segment size that fits", () => {
  assert.equal(segmentSizeWithin(16_000, 52, 1448, true), 11 * 1448);
  assert.equal(segmentSizeWithin(1500, 52, 1448, true), 1448);
  assert.equal(segmentSizeWithin(1499, 52, 1448, true), 0);
  assert.equal(segmentSizeWithin(40, 52, 1448, true), 0);
  assert.equal(segmentSizeWithin(16_000, 28, 1400, false), 1400, "a datagram keeps its size");
  assert.equal(segmentSizeWithin(1427, 28, 1400, false), 0);
});

Deno.test("segments cut for an interface fit, and go on where the sender's own would", () => {
  const anyLimit = fc.integer({ min: 68, max: 20_000 });
  fc.assert(
    fc.property(anyLarge, anyLimit, anyShift, (frame, limit, shift) => {
      const { headerLength: headers, size, type } = frame.virtio;
      const within = segmentSizeWithin(limit, headers, size, type !== 5);
      fc.pre(within > 0);
      assert.ok(within % size === 0 && within + headers <= limit);
      if (type !== 5) assert.ok(within + size + headers > limit);
      const segments = cut(frame, shift, within);
      assert.ok(segments.every(({ length }) => length <= limit));
      const { virtio, packet } = frame;
      assert.deepEqual(
        segments.map(hex),
        segmentTwin({ virtio: { ...virtio, size: within }, packet }).map(hex),
      );
    }),
    { numRuns: 100 },
  );
});

Deno.test("a packet that has no segments of this size is malformed", () => {
  const at = slot + 64 + 1;
  put(superFrame(plainTcp, 100), at);
  list.clear();
  const length = 1040;
  assert.equal(appendLargeSegments(list, sum, at, length, 20, 0, true), MALFORMED);
  assert.equal(appendLargeSegments(list, sum, at, length, 22, 100, true), MALFORMED);
  assert.equal(appendLargeSegments(list, sum, at, length, 20, 100, false), MALFORMED);
  assert.equal(list.count, 0);
});

const packetAt = slot + 64;

/** What becomes of a frame that is appended whole if it can be. */
function whole(frame: Frame, to = list): number {
  put(frame, packetAt);
  return appendWhole(to, sum, packetAt - 10, packetAt, frame.packet.length);
}

Deno.test("a large packet is appended as it was read, with its 8 octets before it", () => {
  fc.assert(
    fc.property(anyLarge, (frame) => {
      list.clear();
      assert.equal(whole(frame), 1);
      assert.deepEqual([list.count, list.large[0], list.headers[0]], [1, 1, packetAt]);
      assert.equal(hex(datagrams()[0] ?? new Uint8Array()), hex(frame.packet));
      const { u8 } = arena;
      const large = packetAt - LARGE_HEADER;
      assert.ok(isLargePacket(u8, large, LARGE_HEADER + frame.packet.length));
      assert.equal(largeHeaderLength(u8, large), frame.virtio.headerLength);
    }),
    { numRuns: 50 },
  );
});

Deno.test("an ordinary packet is appended with its checksum complete, and not as a large one", () => {
  for (const fields of [plainTcp, plainUdp]) {
    const { virtio, packet } = superFrame(fields, 0);
    const ordinary = { virtio: { ...virtio, type: 0 }, packet };
    list.clear();
    assert.equal(whole(ordinary), 1);
    assert.equal(list.large[0], 0);
    assert.deepEqual(datagrams(), segmentTwin(ordinary));
  }
});

Deno.test("a large packet that the engine path does not take is cut, or malformed", () => {
  const fragment = superFrame({ ...plainTcp, fragment: 0x2000 }, 400);
  list.clear();
  assert.equal(whole(fragment), 3);
  assert.deepEqual([...list.large.subarray(0, 3)], [0, 0, 0]);
  assert.deepEqual(datagrams(), segmentTwin(fragment));
  const frame = superFrame(plainTcp, 400);
  list.clear();
  assert.equal(whole({ ...frame, virtio: { ...frame.virtio, type: 4 } }), MALFORMED);
  assert.equal(list.count, 0);
});

Deno.test("a full list takes no large packet", () => {
  const small = new TxQueue(arena, 2);
  const v6 = { ...plainTcp, source: noise(16, 1), destination: noise(16, 2), payload: noise(60_000, 3) };
  const frame = superFrame(v6, 1400);
  assert.deepEqual([whole(frame, small), whole(frame, small), whole(frame, small)], [1, 1, QUEUE_FULL]);
  assert.equal(small.count, 2);
  small.clear();
  assert.equal(
    appendFrame(small, sum, packetAt - 10, packetAt, frame.packet.length),
    MALFORMED,
    "cut it has no room",
  );
});
