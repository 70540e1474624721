import assert from "node:assert/strict";
import fc from "fast-check";
import { hex } from "../offload/frame_fixture.ts";
import { noise } from "../offload/packets_fixture.ts";
import { createGatherCopy } from "./gather_copy.ts";

const PAGES = { initial: 4, maximum: 4 };
const anyLength = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 65_535 }));

for (const memories of [1, 2]) {
  Deno.test(`two pieces come together, padded with zeros, in ${memories === 1 ? "the same" : "another"} memory`, () => {
    const packet = new WebAssembly.Memory(PAGES);
    const other = memories === 1 ? packet : new WebAssembly.Memory(PAGES);
    const { gather, scatter } = createGatherCopy(packet, other);
    const from = new Uint8Array(packet.buffer);
    const to = new Uint8Array(other.buffer);
    fc.assert(
      fc.property(
        anyLength,
        fc.nat({ max: 128 }),
        fc.nat({ max: 20 }),
        fc.integer(),
        (length, split, offset, seed) => {
          const bytes = noise(length, seed);
          const first = Math.min(split, length);
          const at = 131_072 + offset;
          to.fill(0xa7, 131_072, at + length + 32);
          from.set(bytes.subarray(0, first), 100 + offset);
          from.set(bytes.subarray(first), 300 + offset);
          const padded = Math.ceil(length / 16) * 16;
          assert.equal(gather(at, 100 + offset, first, 300 + offset, length - first), padded);
          const expected = new Uint8Array(padded);
          expected.set(bytes);
          assert.equal(hex(to.subarray(at, at + padded)), hex(expected));
          assert.equal(to[at + padded], 0xa7);
          scatter(7, at, length);
          assert.equal(hex(from.subarray(7, 7 + length)), hex(bytes));
        },
      ),
    );
  });
}
