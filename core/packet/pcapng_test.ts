import assert from "node:assert/strict";
import { fileHeader, packetBlock, readStatistics, statisticsBlock } from "./pcapng.ts";

/** The blocks of a file: type and body, with both lengths checked. */
function blocksOf(file: Uint8Array): { type: number; body: DataView }[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const blocks = [];
  for (let at = 0; at < file.length;) {
    const length = view.getUint32(at + 4, true);
    assert.equal(length % 4, 0);
    assert.equal(view.getUint32(at + length - 4, true), length);
    const body = new DataView(file.buffer, file.byteOffset + at + 8, length - 12);
    blocks.push({ type: view.getUint32(at, true), body });
    at += length;
  }
  return blocks;
}

Deno.test("a file begins with a section of one interface, whose packets are raw IP", () => {
  const facts = { application: "docker-connector 0.1.0", interfaceName: "connector0", snapLength: 128 };
  const [section, description, ...others] = blocksOf(fileHeader(facts));
  assert.deepEqual(others, []);
  assert.equal(section?.type, 0x0a0d0d0a);
  assert.equal(section?.body.getUint32(0, true), 0x1a2b3c4d);
  assert.deepEqual([section?.body.getUint16(4, true), section?.body.getUint16(6, true)], [1, 0]);
  assert.equal(section?.body.getBigInt64(8, true), -1n);
  assert.equal(description?.type, 1);
  assert.deepEqual([description?.body.getUint16(0, true), description?.body.getUint32(4, true)], [101, 128]);
});

Deno.test("a packet has its time in microseconds, both lengths, its bytes and its direction", () => {
  for (const outbound of [true, false]) {
    const time = 1_800_000_000_123.456;
    const block = packetBlock({ bytes: Uint8Array.of(0x45, 1, 2, 3, 4), length: 1400, outbound, time });
    const [packet] = blocksOf(block);
    assert.equal(packet?.type, 6);
    const { body } = packet;
    const microseconds = body.getUint32(4, true) * 2 ** 32 + body.getUint32(8, true);
    assert.equal(microseconds, 1_800_000_000_123_456);
    assert.deepEqual([body.getUint32(12, true), body.getUint32(16, true)], [5, 1400]);
    assert.deepEqual([...block.subarray(28, 36)], [0x45, 1, 2, 3, 4, 0, 0, 0]);
    // Option 2 of 4 bytes: 1 is inbound, 2 outbound; then the end of the options.
    const options = [28, 30].map((at) => body.getUint16(at, true));
    assert.deepEqual(options, [2, 4]);
    assert.deepEqual([body.getUint32(32, true), body.getUint32(36, true)], [outbound ? 2 : 1, 0]);
  }
});

Deno.test("the statistics at the end are read back, and what is none is not", () => {
  const statistics = { packets: 7, dropped: 3 };
  const block = statisticsBlock(statistics, Date.now());
  assert.equal(blocksOf(block)[0]?.type, 5);
  assert.deepEqual(readStatistics(Uint8Array.of(1, 2, 3, ...block)), statistics);
  assert.equal(readStatistics(block.subarray(1)), undefined);
  assert.equal(readStatistics(Uint8Array.of(...block, 0, 0, 0, 0)), undefined);
});
