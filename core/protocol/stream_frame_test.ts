import assert from "node:assert/strict";
import fc from "fast-check";
import { packetOf, plainTcp, plainUdp } from "../offload/packets_fixture.ts";
import {
  CREDIT_LENGTH,
  creditAhead,
  FRAME_CREDIT,
  FRAME_HEADER,
  FRAME_IPV4,
  FRAME_IPV6,
  FRAME_LARGE,
  frameKind,
  framePayloadLength,
  isPacketFrame,
  isSoundFrame,
  LARGE_HEADER,
  largeHeaderLength,
  largeSegmentSize,
  largeTransport,
  largeType,
  MAX_FRAME_PAYLOAD,
  readCredit,
  writeCreditFrame,
  writeFrameHeader,
  writeLargeHeader,
} from "./stream_frame.ts";

const AT = 5;

/** Memory full of ones, so that an octet that is not written shows. */
const memory = () => new Uint8Array(40).fill(0xff);

Deno.test("a header is the kind and a length of three octets", () => {
  const bytes = memory();
  writeFrameHeader(bytes, AT, FRAME_LARGE, 0x0100_07);
  assert.deepEqual([...bytes.subarray(AT - 1, AT + 5)], [0xff, 5, 1, 0, 7, 0xff]);
  assert.deepEqual([frameKind(bytes, AT), framePayloadLength(bytes, AT)], [5, 65_543]);
});

Deno.test("any header is read as it was written, up to the longest payload", () => {
  const anyKind = fc.integer({ min: 0, max: 255 });
  fc.assert(fc.property(anyKind, fc.integer({ min: 0, max: 0xff_ffff }), (kind, length) => {
    const bytes = memory();
    writeFrameHeader(bytes, AT, kind, length);
    assert.equal(frameKind(bytes, AT), kind);
    assert.equal(framePayloadLength(bytes, AT), length <= 65_543 ? length : -1);
    assert.ok(bytes.subarray(AT + FRAME_HEADER).every((octet) => octet === 0xff));
  }));
  const bytes = memory();
  writeFrameHeader(bytes, AT, FRAME_LARGE, MAX_FRAME_PAYLOAD + 1);
  assert.equal(framePayloadLength(bytes, AT), -1);
});

Deno.test("a large packet's eight octets are type, 0, header length, segment size and transport offset", () => {
  const bytes = memory();
  writeLargeHeader(bytes, AT, 0x81, 0x0234, 0x05a8, 0x0114);
  assert.deepEqual([...bytes.subarray(AT, AT + LARGE_HEADER)], [0x81, 0, 2, 0x34, 5, 0xa8, 1, 0x14]);
  assert.equal(bytes[AT + LARGE_HEADER], 0xff);
  assert.deepEqual(
    [
      largeType(bytes, AT),
      largeHeaderLength(bytes, AT),
      largeSegmentSize(bytes, AT),
      largeTransport(bytes, AT),
    ],
    [0x81, 0x0234, 0x05a8, 0x0114],
  );
});

Deno.test("a credit is a frame of four octets, and is read as it was written", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (limit) => {
    const bytes = memory();
    writeCreditFrame(bytes, AT, limit);
    assert.deepEqual([frameKind(bytes, AT), framePayloadLength(bytes, AT)], [FRAME_CREDIT, CREDIT_LENGTH]);
    assert.equal(readCredit(bytes, AT + FRAME_HEADER) >>> 0, limit);
    assert.equal(bytes[AT + FRAME_HEADER + CREDIT_LENGTH], 0xff);
  }));
});

Deno.test("what may still be sent counts on across the wrap of either number", () => {
  assert.equal(creditAhead(1000, 400), 600);
  assert.equal(creditAhead(400, 1000), -600);
  assert.equal(creditAhead(0x10, 0xffff_fff0), 0x20);
  assert.equal(creditAhead(0xffff_fff0, 0x10), -0x20);
  const anySent = fc.integer({ min: 0, max: 2 ** 40 });
  const anyAhead = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
  fc.assert(fc.property(anySent, anyAhead, (sent, ahead) => {
    const bytes = memory();
    writeCreditFrame(bytes, AT, sent + ahead);
    assert.equal(creditAhead(readCredit(bytes, AT + FRAME_HEADER), sent | 0), ahead);
  }));
});

Deno.test("credit is for the frames with packets", () => {
  const kinds = Array.from({ length: 256 }, (_, kind) => kind);
  assert.deepEqual(kinds.filter(isPacketFrame), [FRAME_IPV4, FRAME_LARGE, FRAME_IPV6]);
});

/** Whether the octets, among others, are a sound payload of a frame of this kind. */
function isSound(kind: number, payload: Uint8Array, filling = 0): boolean {
  const bytes = new Uint8Array(payload.length + 60).fill(filling);
  bytes.set(payload, AT);
  return isSoundFrame(bytes, AT, kind, payload.length);
}

Deno.test("a payload has to be what its kind says", () => {
  const ipv4 = packetOf(plainTcp);
  const ipv6 = packetOf({ ...plainUdp, source: new Uint8Array(16), destination: new Uint8Array(16) });
  assert.deepEqual([isSound(4, ipv4), isSound(6, ipv4), isSound(4, ipv6), isSound(6, ipv6)], [
    true,
    false,
    false,
    true,
  ]);
  assert.equal(isSound(4, ipv4.subarray(0, 400)), false, "a packet that was cut short");
  for (const kind of [0, 1, 2, 3]) {
    assert.ok(isSound(kind, Uint8Array.of(kind)));
    assert.equal(isSound(kind, Uint8Array.of(kind + 1)), false, "a datagram of another kind");
    assert.equal(isSound(kind, new Uint8Array()), false, "no datagram");
    assert.equal(isSound(kind, ipv4), false, "a packet that pays no credit");
  }
  assert.deepEqual([3, 4, 5].map((length) => isSound(FRAME_CREDIT, new Uint8Array(length))), [
    false,
    true,
    false,
  ]);
  assert.deepEqual([36, 37].map((length) => isSound(FRAME_LARGE, new Uint8Array(length))), [false, true]);
  for (const kind of [8, 0x45, 0xff]) assert.equal(isSound(kind, Uint8Array.of(kind)), false, "unknown");
});

Deno.test("nothing beyond a payload is read", () => {
  const anyKind = fc.integer({ min: 0, max: 8 });
  fc.assert(fc.property(anyKind, fc.uint8Array({ maxLength: 50 }), (kind, payload) => {
    assert.equal(isSound(kind, payload, 0), isSound(kind, payload, kind === 0 ? 0xff : kind));
  }));
});
