import assert from "node:assert/strict";
import fc from "fast-check";
import { HEADER_CAPACITY, IOVECS_PER_DATAGRAM, TxQueue } from "../packet/tx_queue.ts";
import { packetVersion } from "../packet/ip.ts";
import { IOVEC_SIZE } from "../memory/arena.ts";
import { anySuperFrame } from "./arbitrary_fixture.ts";
import {
  type Frame,
  hex,
  openArena,
  readIovec,
  superFrame,
  virtioBytes,
  type VirtioFields,
} from "./frame_fixture.ts";
import { packetOf, plainTcp, plainUdp } from "./packets_fixture.ts";
import { appendFrame, MALFORMED } from "./segment.ts";

const CAPACITY = 64;
const { arena, sum } = openArena(1 << 18);
const slot = arena.allocate(4096, 64);
const packetAt = slot + 64;
// The list comes last, so that everything before it may be compared.
const listStart = arena.allocate(0, 64);
const list = new TxQueue(arena, CAPACITY);
const headerRoom = list.nextHeader;

/** Lays the frame out in memory full of `filling`. */
function put({ virtio, packet }: Frame, filling: number): void {
  arena.u8.fill(filling, slot, listStart);
  arena.u8.set(virtioBytes(virtio), packetAt - 10);
  arena.u8.set(packet, packetAt);
  list.clear();
}

interface Outcome {
  readonly result: number;
  readonly datagrams: readonly string[];
}

/** Appends the frame, checks that it stays within its bounds, and tells what came of it. */
function attempt(frame: Frame, filling: number): Outcome {
  put(frame, filling);
  const { length } = frame.packet;
  const before = arena.u8.slice(0, listStart);
  const result = appendFrame(list, sum, packetAt - 10, packetAt, length);
  assert.equal(list.count, Math.max(0, result));
  const after = arena.u8.slice(0, listStart);
  if (result <= 0 || (frame.virtio.type & 0x7f) !== 0) {
    assert.ok(equal(after, before), "nothing that was read is changed");
  } else {
    assert.ok(equal(after.subarray(0, packetAt), before.subarray(0, packetAt)));
    assert.ok(equal(after.subarray(packetAt + length), before.subarray(packetAt + length)));
  }
  let ownRoom = headerRoom;
  const datagrams = Array.from({ length: list.count }, (_, index) => {
    const at = list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE;
    const pieces = [readIovec(arena, at), readIovec(arena, at + IOVEC_SIZE)];
    for (const { offset, length: octets } of pieces) {
      const isHeader = offset === ownRoom && ownRoom + octets <= headerRoom + CAPACITY * HEADER_CAPACITY;
      const isInPacket = offset >= packetAt && offset + octets <= packetAt + length;
      assert.ok(isHeader || isInPacket, "every piece lies in the packet or in the header's room");
    }
    const [written] = pieces;
    if (written.offset === ownRoom) ownRoom += Math.ceil(written.length / HEADER_CAPACITY) * HEADER_CAPACITY;
    const bytes = Uint8Array.from(
      pieces.flatMap(({ offset, length: octets }) => [...arena.u8.subarray(offset, offset + octets)]),
    );
    assert.notEqual(packetVersion(bytes, 0, bytes.length), 0, "only whole packets are appended");
    return hex(bytes);
  });
  return { result, datagrams };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return hex(a) === hex(b);
}

const uint16 = fc.oneof(
  fc.constantFrom(0, 1, 6, 16, 20, 24, 28, 40, 48, 60, 64, 100, 0xffff),
  fc.integer({ min: 0, max: 0xffff }),
);
const anyVirtio: fc.Arbitrary<VirtioFields> = fc.record({
  flags: fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 255 })),
  type: fc.oneof(fc.constantFrom(0, 1, 3, 4, 5, 0x81), fc.integer({ min: 0, max: 255 })),
  headerLength: uint16,
  size: uint16,
  checksumStart: uint16,
  checksumOffset: uint16,
});

/** A sound frame with some fields replaced, bytes changed and its end cut off. */
const brokenFrame: fc.Arbitrary<Frame> = fc.record({
  frame: anySuperFrame.filter(({ packet }) => packet.length < 3000),
  virtio: anyVirtio,
  kept: fc.uniqueArray(
    fc.constantFrom<keyof VirtioFields>("flags", "type", "size", "checksumStart", "checksumOffset"),
  ),
  changes: fc.array(fc.tuple(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 255 })), {
    maxLength: 3,
  }),
  end: fc.option(fc.nat({ max: 3000 }), { nil: undefined }),
}).map(({ frame, virtio, kept, changes, end }) => {
  const packet = frame.packet.slice(0, end);
  for (const [at, octet] of changes) if (at < packet.length) packet[at] = octet;
  const original = Object.fromEntries(kept.map((field) => [field, frame.virtio[field]]));
  return { virtio: { ...virtio, ...original }, packet };
});

Deno.test("whatever a frame claims, nothing outside the packet is read or written", () => {
  fc.assert(
    fc.property(brokenFrame, (frame) => {
      // What lies around the packet differs, so a read beyond it would show.
      assert.deepEqual(attempt(frame, 0x00), attempt(frame, 0xee));
    }),
    { numRuns: 400 },
  );
});

Deno.test("random bytes are never taken for a packet to cut", () => {
  fc.assert(
    fc.property(anyVirtio, fc.uint8Array({ maxLength: 120 }), (virtio, packet) => {
      assert.deepEqual(attempt({ virtio, packet }, 0x00), attempt({ virtio, packet }, 0xee));
    }),
    { numRuns: 400 },
  );
});

const tcp = superFrame(plainTcp, 100);
const udp = superFrame(plainUdp, 100);
const over6 = {
  ...plainTcp,
  source: new Uint8Array(16),
  destination: new Uint8Array(16),
  tcp: { ...plainTcp.tcp, urgent: 0x5000 },
};
const tcp6 = superFrame(over6, 100);

function withVirtio(frame: Frame, changes: Partial<VirtioFields>): Frame {
  return { ...frame, virtio: { ...frame.virtio, ...changes } };
}

function withOctet(frame: Frame, at: number, octet: number): Frame {
  const packet = frame.packet.slice();
  packet[at] = octet;
  return { ...frame, packet };
}

for (
  const [what, frame] of [
    ["a segment size of 0", withVirtio(tcp, { size: 0 })],
    ["a gso type that nobody asked for", withVirtio(udp, { type: 3 })],
    ["TCP for IPv6 over IPv4", withVirtio(tcp, { type: 4 })],
    ["TCP cut as UDP", withVirtio(tcp, { type: 5 })],
    ["UDP cut as TCP", withVirtio(udp, { type: 1 })],
    ["a transport header inside the IP header", withVirtio(tcp, { checksumStart: 16 })],
    ["a transport header behind the packet", withVirtio(tcp, { checksumStart: 0xfffc })],
    ["a transport header at an odd place", withVirtio(tcp, { checksumStart: 21 })],
    // Octet 58 is the urgent pointer's first and would be the data offset of such a header.
    ["a transport header that is not aligned", withVirtio(tcp6, { checksumStart: 46 })],
    // Ten segments, whose headers of 780 bytes take seven of the list's 64 rooms each.
    ["longer headers than there is room for", superFrame({ ...over6, options: new Uint8Array(720) }, 100)],
    ["a TCP header shorter than 20 octets", withOctet(tcp, 32, 0x40)],
    ["a TCP header that fills the packet", {
      ...tcp,
      packet: packetOf({ ...plainTcp, payload: new Uint8Array() }),
    }],
    ["a UDP header that fills the packet", {
      ...udp,
      packet: packetOf({ ...plainUdp, payload: new Uint8Array() }),
    }],
    ["a total length that is not the packet's", withOctet(tcp, 3, 0)],
    ["no IP version", withOctet(tcp, 0, 0x55)],
    ["nothing", { ...tcp, packet: new Uint8Array() }],
    ["a checksum inside the IP header", withVirtio(tcp, { type: 0, checksumStart: 0, checksumOffset: 2 })],
    ["a checksum behind the packet", withVirtio(tcp, { type: 0, checksumOffset: 1019 })],
  ] as [string, Frame][]
) {
  Deno.test(`a frame with ${what} is malformed`, () => {
    assert.deepEqual(attempt(frame, 0xee), { result: MALFORMED, datagrams: [] });
  });
}

Deno.test("headers that just fit are cut", () => {
  for (const length of [64, 72, 704]) {
    assert.equal(attempt(superFrame({ ...over6, options: new Uint8Array(length) }, 100), 0).result, 10);
  }
});

Deno.test("a checksum may be the packet's last two octets", () => {
  assert.equal(attempt(withVirtio(tcp, { type: 0, checksumOffset: 1018 }), 0).result, 1);
});
