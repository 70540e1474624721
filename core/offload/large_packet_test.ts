import assert from "node:assert/strict";
import fc from "fast-check";
import { anySuperFrame } from "./arbitrary_fixture.ts";
import { type Frame, hex, superFrame, virtioBytes, type VirtioFields, virtioOf } from "./frame_fixture.ts";
import { describeLargePacket, isLargePacket, isLargeTcp, writeVirtioHeader } from "./large_packet.ts";
import {
  concat,
  MORE_FRAGMENTS,
  noise,
  packetOf,
  plainTcp,
  plainUdp,
  sealIpv4,
  writeUint16,
} from "./packets_fixture.ts";

const AT = 21;

/** A frame's payload as the sender makes it; undefined if it is no large packet. */
function describe({ virtio, packet }: Frame): Uint8Array | undefined {
  const bytes = concat(new Uint8Array(AT).fill(0xff), virtioBytes(virtio), packet);
  const from = AT + 10;
  const before = hex(bytes);
  if (!describeLargePacket(bytes, from - 8, AT, from, packet.length)) {
    assert.equal(hex(bytes), before, "nothing is written");
    return undefined;
  }
  assert.equal(hex(bytes.subarray(from)), hex(packet), "the packet stays as it is");
  return bytes.slice(from - 8);
}

/** Whether the payload, among other octets, is a large packet. */
function isLarge(payload: Uint8Array, filling = 0): boolean {
  const bytes = new Uint8Array(AT + payload.length + 100).fill(filling);
  bytes.set(payload, AT);
  return isLargePacket(bytes, AT, payload.length);
}

/** The frame whose payload this is, as the receiver gives it to its device. */
function received(payload: Uint8Array): Frame {
  const bytes = concat(new Uint8Array(2), payload);
  writeVirtioHeader(bytes, 0, 2);
  return { virtio: virtioOf(bytes), packet: bytes.slice(10) };
}

const hasSegment = ({ virtio, packet }: Frame) => packet.length - virtio.headerLength >= virtio.size;

Deno.test("any large packet is described, found sound, and reaches the other kernel as it was", () => {
  fc.assert(
    fc.property(anySuperFrame, (frame) => {
      const payload = describe(frame);
      assert.equal(payload !== undefined, hasSegment(frame));
      if (payload === undefined) return;
      assert.ok(isLarge(payload));
      const { virtio, packet } = received(payload);
      assert.deepEqual(virtio, frame.virtio);
      assert.equal(hex(packet), hex(frame.packet));
    }),
    { numRuns: 150 },
  );
});

Deno.test("the header length is that of the packet's headers, whatever the kernel calls so", () => {
  const frame = superFrame(plainTcp, 100);
  const payload = describe({ ...frame, virtio: { ...frame.virtio, headerLength: 192 } });
  assert.deepEqual(payload, describe(frame));
  assert.equal(hex(payload?.subarray(0, 8) ?? new Uint8Array()), "0100002800640014");
});

Deno.test("the ECN bit is kept with TCP", () => {
  const frame = superFrame(plainTcp, 100);
  const marked = { ...frame, virtio: { ...frame.virtio, type: 0x81 } };
  const payload = describe(marked) ?? new Uint8Array();
  assert.equal(payload[0], 0x81);
  assert.ok(isLarge(payload));
  assert.deepEqual(received(payload).virtio, marked.virtio);
  assert.deepEqual([1, 4, 0x81, 0x84, 5].map(isLargeTcp), [true, true, true, true, false]);
});

const v6 = { source: noise(16, 1), destination: noise(16, 2) };
const tcp = superFrame(plainTcp, 100);
const tcp6 = superFrame({ ...plainTcp, ...v6 }, 100);
const udp = superFrame(plainUdp, 100);
const extended = superFrame({ ...plainTcp, ...v6, options: new Uint8Array(16) }, 100);

function withVirtio(frame: Frame, changes: Partial<VirtioFields>): Frame {
  return { ...frame, virtio: { ...frame.virtio, ...changes } };
}

function changed(frame: Frame, change: (packet: Uint8Array) => void): Frame {
  const packet = frame.packet.slice();
  change(packet);
  return { ...frame, packet };
}

const withOctet = (frame: Frame, at: number, octet: number) => changed(frame, (packet) => packet[at] = octet);

/** Frames whose virtio header and packet contradict each other; both directions refuse them. */
const contradictions: readonly (readonly [string, Frame])[] = [
  ["a segment size of 0", withVirtio(tcp, { size: 0 })],
  ["less payload than one segment", withVirtio(tcp, { size: 1001 })],
  ["the type of an ordinary packet", withVirtio(tcp, { type: 0 })],
  ["a type that there is not", withVirtio(udp, { type: 3 })],
  ["TCP for IPv6 over IPv4", withVirtio(tcp, { type: 4 })],
  ["TCP for IPv4 over IPv6", withVirtio(tcp6, { type: 1 })],
  ["TCP as UDP", withVirtio(tcp, { type: 5, checksumOffset: 6 })],
  ["UDP as TCP", withVirtio(udp, { type: 1, checksumOffset: 16 })],
  ["the ECN bit with UDP", withVirtio(udp, { type: 0x85 })],
  ["a transport header inside the IP header", withVirtio(tcp, { checksumStart: 16 })],
  ["a transport header behind the packet", withVirtio(tcp, { checksumStart: 0xfffc })],
  ["a transport header where another extension header is", withVirtio(extended, { checksumStart: 40 })],
  ["a TCP header shorter than 20 octets", withOctet(tcp, 32, 0x40)],
  ["a TCP header that fills the packet", superFrame({ ...plainTcp, payload: new Uint8Array() }, 1)],
  ["a UDP header that fills the packet", superFrame({ ...plainUdp, payload: new Uint8Array() }, 1)],
  ["a UDP length that is not the packet's", withOctet(udp, 25, 9)],
  ["a total length that is not the packet's", withOctet(tcp, 3, 0)],
  ["no IP version", withOctet(tcp, 0, 0x55)],
  ["nothing", { ...tcp, packet: new Uint8Array() }],
  [
    "a first fragment",
    changed(tcp, (packet) => {
      writeUint16(packet, 6, MORE_FRAGMENTS);
      sealIpv4(packet);
    }),
  ],
  ["a later fragment", withOctet(tcp, 7, 1)],
  ["a first fragment of IPv6", withOctet(changed(extended, (packet) => packet.fill(0, 40, 48)), 6, 44)],
];

for (const [what, frame] of contradictions) {
  Deno.test(`a frame with ${what} is no large packet`, () => {
    assert.equal(describe(frame), undefined);
    const { type, headerLength, size, checksumStart } = frame.virtio;
    const head = new Uint8Array(8);
    head[0] = type;
    for (const [at, value] of [[2, headerLength], [4, size], [6, checksumStart]] as const) {
      writeUint16(head, at, value);
    }
    assert.equal(isLarge(concat(head, frame.packet)), false);
  });
}

Deno.test("what the kernel leaves no checksum to finish in is no large packet", () => {
  assert.equal(describe(withVirtio(tcp, { flags: 0 })), undefined);
  assert.equal(describe(withVirtio(tcp, { checksumOffset: 6 })), undefined);
});

Deno.test("a header length or an octet that is not the sender's is refused", () => {
  for (const frame of [tcp, tcp6, udp, extended]) {
    const payload = describe(frame) ?? new Uint8Array();
    for (let bit = 0; bit < 64; bit++) {
      const bytes = payload.slice();
      bytes[bit >>> 3] ^= 0x80 >>> (bit & 7);
      // Other sizes are sizes too, as long as they are no longer than the payload; the ECN bit is TCP's.
      const size = bytes[4] << 8 | bytes[5];
      const mayChange = (bit >>> 4 === 2 && size > 0 && size <= 1000) || (bit === 0 && frame !== udp);
      assert.equal(isLarge(bytes), mayChange, `${bit}`);
    }
  }
});

Deno.test("an IPv6 packet longer than any of IPv4 is not carried whole", () => {
  const fields = { ...plainTcp, ...v6, payload: noise(65_535 - 60, 1) };
  assert.notEqual(describe(superFrame(fields, 1400)), undefined);
  assert.equal(describe(superFrame({ ...fields, payload: noise(65_535 - 59, 1) }, 1400)), undefined);
});

Deno.test("nothing beyond a payload is read, whatever it says", () => {
  const anyPayload = fc.tuple(
    fc.constantFrom(tcp, tcp6, udp, extended),
    fc.array(fc.tuple(fc.nat({ max: 90 }), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.option(fc.nat({ max: 130 }), { nil: undefined }),
  ).map(([frame, changes, end]) => {
    const payload = describe(frame) ?? new Uint8Array();
    for (const [at, octet] of changes) payload[at] = octet;
    return payload.slice(0, end);
  });
  fc.assert(fc.property(anyPayload, (payload) => {
    const sound = isLarge(payload);
    assert.equal(isLarge(payload, 0xff), sound);
    if (sound) assert.ok(hasSegment(received(payload)));
  }));
});

Deno.test("a packet that is cut short is no large packet", () => {
  const payload = describe(tcp) ?? new Uint8Array();
  for (let length = 0; length < payload.length; length++) {
    assert.equal(isLarge(payload.subarray(0, length)), false);
  }
  assert.equal(isLarge(concat(new Uint8Array(8), packetOf(plainTcp))), false);
});
