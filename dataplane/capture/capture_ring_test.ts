import assert from "node:assert/strict";
import { allocateCaptureRing, CaptureReader, CaptureWriter, RING_CAPACITY } from "./capture_ring.ts";

const SOURCE = Uint8Array.from({ length: 65_536 }, (_, index) => index * 7 & 255);

function pair(snapLength: number) {
  const memory = allocateCaptureRing();
  const reader = new CaptureReader(memory);
  reader.setSnapLength(snapLength);
  return { reader, writer: new CaptureWriter(memory) };
}

/** What is in the ring, with copies of the bytes. */
function readAll(reader: CaptureReader) {
  const packets: { bytes: Uint8Array; length: number; outbound: boolean; time: number }[] = [];
  reader.read((packet) => packets.push({ ...packet, bytes: packet.bytes.slice() }));
  return packets;
}

Deno.test("packets come as they were written, of one piece and of two", () => {
  const { reader, writer } = pair(65_535);
  writer.write(SOURCE, true, 10, 40, 1000, 60);
  writer.write(SOURCE, false, 3, 21, 0, 0);
  const [first, second, ...others] = readAll(reader);
  assert.deepEqual(others, []);
  assert.deepEqual(first?.bytes, Uint8Array.of(...SOURCE.subarray(10, 50), ...SOURCE.subarray(1000, 1060)));
  assert.deepEqual([first?.length, first?.outbound], [100, true]);
  assert.deepEqual(second?.bytes, SOURCE.slice(3, 24));
  assert.deepEqual([second?.length, second?.outbound], [21, false]);
  assert.ok(Math.abs((first?.time ?? 0) - Date.now()) < 5_000);
  assert.deepEqual(readAll(reader), []);
});

Deno.test("longer packets are cut to the snap length, in either piece", () => {
  const { reader, writer } = pair(50);
  writer.write(SOURCE, true, 0, 60, 100, 10);
  writer.write(SOURCE, true, 0, 40, 100, 1000);
  const [first, second] = readAll(reader);
  assert.deepEqual(first?.bytes, SOURCE.slice(0, 50));
  assert.equal(first?.length, 70);
  assert.deepEqual(second?.bytes, Uint8Array.of(...SOURCE.subarray(0, 40), ...SOURCE.subarray(100, 110)));
  assert.equal(second?.length, 1040);
});

Deno.test("many rounds of the ring lose nothing while they are read", () => {
  const { reader, writer } = pair(65_535);
  let written = 0;
  let read = 0;
  let bytes = 0;
  while (bytes < 3 * RING_CAPACITY) {
    for (let count = 0; count < 20; count++) {
      const length = 20 + written * 7919 % 65_000;
      writer.write(SOURCE, false, 0, length, 0, 0);
      bytes += length;
      written++;
    }
    reader.read((packet) => {
      const length = 20 + read * 7919 % 65_000;
      assert.equal(packet.length, length);
      assert.equal(packet.bytes.length, length);
      assert.equal(packet.bytes[length - 1], SOURCE[length - 1]);
      read++;
    });
  }
  assert.equal(read, written);
  assert.equal(reader.dropped, 0);
});

Deno.test("what finds no room is dropped and counted, and the rest is whole", () => {
  const { reader, writer } = pair(65_535);
  for (let count = 0; count < 1000; count++) writer.write(SOURCE, false, 0, 60_000, 0, 0);
  const packets = readAll(reader);
  assert.equal(packets.length + reader.dropped, 1000);
  assert.ok(packets.length > 100 && packets.every(({ bytes }) => bytes.length === 60_000));
  writer.write(SOURCE, true, 0, 100, 0, 0);
  assert.equal(readAll(reader).length, 1);
});
