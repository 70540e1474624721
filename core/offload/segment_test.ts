import assert from "node:assert/strict";
import fc from "fast-check";
import { IOVECS_PER_DATAGRAM, TxQueue } from "../packet/tx_queue.ts";
import { IOVEC_SIZE } from "../memory/arena.ts";
import { anySuperFrame } from "./arbitrary_fixture.ts";
import { type Frame, gather, hex, openArena, superFrame, virtioBytes } from "./frame_fixture.ts";
import {
  ACK,
  concat,
  CWR,
  ECE,
  FIN,
  headerLength,
  noise,
  onesComplementSum,
  type PacketFields,
  packetOf,
  plainTcp,
  plainUdp,
  pseudoHeaderSum,
  PSH,
  URG,
  writeUint16,
} from "./packets_fixture.ts";
import { appendFrame, MALFORMED, QUEUE_FULL } from "./segment.ts";
import { segmentTwin } from "./segment_twin_fixture.ts";

const CAPACITY = 2048;
const { arena, sum } = openArena(1 << 20);
const list = new TxQueue(arena, CAPACITY);
const SLOT = 65536 + 128;
const slot = arena.allocate(SLOT, 64);
const packetAt = slot + 64;

function put({ virtio, packet }: Frame): number {
  arena.u8.fill(0xa5, slot, slot + SLOT);
  arena.u8.set(virtioBytes(virtio), packetAt - 10);
  arena.u8.set(packet, packetAt);
  return packet.length;
}

/** What is appended for a frame; the list is emptied first. */
function segment(frame: Frame): Uint8Array[] {
  list.clear();
  const appended = appendFrame(list, sum, packetAt - 10, packetAt, put(frame));
  assert.equal(appended, list.count, "all of them or none");
  return datagrams();
}

function datagrams(): Uint8Array[] {
  return Array.from({ length: list.count }, (_, index) => {
    const iovecs = list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE;
    const bytes = gather(arena, iovecs, IOVECS_PER_DATAGRAM);
    assert.equal(list.lengths[index], bytes.length);
    assert.equal(arena.u8[list.headers[index]], bytes[0], "the header is found");
    return bytes;
  });
}

function tcpWith(changes: Partial<PacketFields["tcp"]>, payload = plainTcp.payload): PacketFields {
  return { ...plainTcp, payload, tcp: { ...plainTcp.tcp, ...changes } };
}

const flagsOf = (packet: Uint8Array) => packet[33];
const idOf = (packet: Uint8Array) => packet[4] << 8 | packet[5];
const sequenceOf = (packet: Uint8Array) => new DataView(packet.buffer).getUint32(24);

function assertChecksumsHold(packet: Uint8Array, transport: number, protocol: number): void {
  if (packet[0] >>> 4 === 4) assert.equal(onesComplementSum(packet.subarray(0, transport)), 0xffff);
  const pseudo = pseudoHeaderSum(packet, protocol, packet.length - transport);
  const covered = concat(new Uint8Array([pseudo >>> 8, pseudo & 0xff]), packet.subarray(transport));
  assert.equal(onesComplementSum(covered), 0xffff);
}

Deno.test("any large packet is cut as the slow twin cuts it, and nothing of it is changed", () => {
  fc.assert(
    fc.property(anySuperFrame, (frame) => {
      assert.deepEqual(segment(frame).map(hex), segmentTwin(frame).map(hex));
      assert.equal(hex(arena.u8.subarray(packetAt, packetAt + frame.packet.length)), hex(frame.packet));
    }),
    { numRuns: 150 },
  );
});

Deno.test("the checksums of every segment hold and its payload is where it was read", () => {
  fc.assert(
    fc.property(anySuperFrame, (frame) => {
      const { checksumStart, headerLength: headers } = frame.virtio;
      const protocol = frame.virtio.type === 5 ? 17 : 6;
      const cut = segment(frame);
      for (const packet of cut) assertChecksumsHold(packet, checksumStart, protocol);
      const payload = concat(...cut.map((packet) => packet.subarray(headers)));
      assert.equal(hex(payload), hex(frame.packet.subarray(headers)));
    }),
    { numRuns: 50 },
  );
});

Deno.test("ids and sequence numbers count up across their wraps", () => {
  const cut = segment(superFrame({ ...tcpWith({ sequence: 0xffff_ff00 }), id: 0xffff }, 300));
  assert.deepEqual(cut.map(idOf), [0xffff, 0, 1, 2]);
  assert.deepEqual(cut.map(sequenceOf), [0xffff_ff00, 0x2c, 0x158, 0x284]);
  assert.deepEqual(cut.map(({ length }) => length - 40), [300, 300, 300, 100]);
});

Deno.test("FIN and PSH stay with the last segment, CWR with the first, ECE and URG with all", () => {
  const cut = segment(superFrame(tcpWith({ flags: ACK | PSH | FIN | CWR | ECE | URG, urgent: 9 }), 400));
  const all = ACK | ECE | URG;
  assert.deepEqual(cut.map(flagsOf), [all | CWR, all, all | PSH | FIN]);
  assert.ok(cut.every((packet) => packet[39] === 9));
});

Deno.test("a payload of exactly one segment keeps all its flags", () => {
  const cut = segment(superFrame(tcpWith({ flags: ACK | PSH | FIN | CWR }), 1000));
  assert.deepEqual(cut.map(flagsOf), [ACK | PSH | FIN | CWR]);
});

Deno.test("the ECN bit of the virtio header changes nothing but the type", () => {
  const frame = superFrame(tcpWith({ flags: ACK | CWR }), 600);
  const marked = { ...frame, virtio: { ...frame.virtio, type: frame.virtio.type | 0x80 } };
  assert.deepEqual(segment(marked), segmentTwin(frame));
});

Deno.test("a UDP checksum that comes out as 0 is sent as ffff", () => {
  const payload = noise(200, 7);
  // The second datagram's last word is chosen so that its sum is ffff before the complement.
  const second = packetOf({ ...plainUdp, payload: payload.subarray(100) });
  const checksum = second[26] << 8 | second[27];
  const last = (payload[198] << 8 | payload[199]) + checksum;
  writeUint16(payload, 198, last > 0xffff ? last - 0xffff : last);
  const [first, other] = segment(superFrame({ ...plainUdp, payload }, 100));
  assert.notDeepEqual(first.subarray(26, 28), new Uint8Array([0xff, 0xff]));
  assert.deepEqual(other.subarray(26, 28), new Uint8Array([0xff, 0xff]));
});

Deno.test("a small packet's missing checksum is completed in place", () => {
  for (const fields of [plainTcp, plainUdp, { ...plainUdp, payload: noise(33, 4) }]) {
    const { virtio, packet } = superFrame(fields, 0);
    assert.deepEqual(segment({ virtio: { ...virtio, type: 0 }, packet }), [packetOf(fields)]);
  }
});

Deno.test("a packet without any request goes through as it came", () => {
  const packet = packetOf({ ...plainTcp, fragment: 0x2000 });
  packet[36] ^= 1;
  const virtio = { flags: 0, type: 0, headerLength: 0, size: 0, checksumStart: 0, checksumOffset: 0 };
  assert.deepEqual(segment({ virtio, packet }), [packet]);
});

Deno.test("a list with too little room is left untouched, and so is the packet", () => {
  const small = new TxQueue(arena, 5);
  const frame = superFrame(plainTcp, 334);
  const length = put(frame);
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, length), 3);
  const before = arena.u8.slice();
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, length), QUEUE_FULL);
  assert.equal(small.count, 3);
  assert.deepEqual(arena.u8, before);
  small.clear();
  assert.equal(
    appendFrame(small, sum, packetAt - 10, packetAt, length),
    3,
    "there is room after it was emptied",
  );

  const single = superFrame(plainUdp, 0);
  small.clear();
  const whole = put({ ...single, virtio: { ...single.virtio, type: 0 } });
  for (let i = 0; i < 5; i++) small.pushWhole(packetAt, whole);
  const filled = arena.u8.slice();
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, whole), QUEUE_FULL);
  assert.deepEqual(arena.u8, filled, "not even the checksum is completed");
});

Deno.test("a frame of more segments than any list holds is no frame", () => {
  const small = new TxQueue(arena, 5);
  for (const fields of [plainTcp, plainUdp]) {
    assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, put(superFrame(fields, 100))), MALFORMED);
  }
});

Deno.test("headers too long for all segments of a list wait, or are no frame", () => {
  const small = new TxQueue(arena, 10);
  const source = {
    ...plainTcp,
    source: noise(16, 1),
    destination: noise(16, 2),
    options: new Uint8Array(200),
  };
  const frame = superFrame({ ...source, payload: noise(1000, 3) }, 300);
  const length = put(frame);
  // Each of the four headers takes 3 of the 10 rooms: 40 + 200 + 20 bytes.
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, length), MALFORMED);
  const three = superFrame({ ...source, payload: noise(900, 3) }, 300);
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, put(three)), 3);
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, put(three)), QUEUE_FULL);
  small.clear();
  assert.equal(appendFrame(small, sum, packetAt - 10, packetAt, put(three)), 3);
});

Deno.test("frames are appended behind each other", () => {
  const first = superFrame(plainTcp, 400);
  const second = superFrame({ ...plainUdp, id: 9 }, 500);
  segment(first);
  const headers = datagrams().map((datagram) => datagram.subarray(0, headerLength(plainTcp)));
  appendFrame(list, sum, packetAt - 10, packetAt, put(second));
  assert.equal(list.count, 5);
  assert.deepEqual(datagrams().slice(3), segmentTwin(second));
  assert.deepEqual(datagrams().slice(0, 3).map((datagram) => datagram.subarray(0, 40)), headers);
});
