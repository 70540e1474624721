import assert from "node:assert/strict";
import fc from "fast-check";
import { openArena } from "../offload/frame_fixture.ts";
import { noise, onesComplementSum } from "../offload/packets_fixture.ts";
import { fold, swap16 } from "./checksum.ts";

const { arena, sum } = openArena(2 * 65536);
const last = arena.buffer.byteLength;

Deno.test("the sum is that of the slow twin at any offset and length, whatever lies around", () => {
  const anyLength = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 65535 }));
  const anyFilling = fc.constantFrom("noise", "noise", "ones", "zeros");
  fc.assert(
    fc.property(
      anyLength,
      fc.nat({ max: 100 }),
      fc.integer(),
      anyFilling,
      (length, offset, seed, filling) => {
        const bytes = filling === "noise"
          ? noise(length, seed)
          : new Uint8Array(length).fill(filling === "ones" ? 255 : 0);
        arena.u8.fill(0xa7, 0, length + 300);
        arena.u8.set(bytes, offset);
        const result = sum(offset, length);
        assert.ok(result >= 0 && result <= 0x1fffe);
        // 0 and ffff are the same number in ones' complement; all zeros alone give 0.
        assert.equal(swap16(fold(result)), onesComplementSum(bytes));
      },
    ),
  );
});

Deno.test("the sum reaches the last octet of the memory and not beyond", () => {
  arena.u8.fill(0, last - 100);
  arena.u8[last - 1] = 9;
  for (let length = 1; length <= 80; length++) {
    assert.equal(swap16(fold(sum(last - length, length))), length % 2 === 0 ? 9 : 0x900);
  }
  assert.throws(() => sum(last - 1, 2), WebAssembly.RuntimeError);
});

Deno.test("the longest sum of ones does not overflow", () => {
  arena.u8.fill(0xff, 0, 65535);
  assert.equal(fold(sum(0, 65534)), 0xffff);
  assert.equal(swap16(fold(sum(0, 65535))), 0xff00);
});

Deno.test("folding adds the carries back in", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (number) => {
    const folded = fold(number);
    assert.ok(folded <= 0xffff);
    assert.equal(folded % 0xffff, number % 0xffff);
    assert.equal(folded === 0, number === 0);
  }));
});

Deno.test("swapping exchanges the octets", () => {
  assert.deepEqual([0x1234, 0x00ff, 0xff00, 0].map(swap16), [0x3412, 0xff00, 0x00ff, 0]);
});

Deno.test("the example of RFC 1071 section 3 comes out", () => {
  arena.u8.set([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], 0);
  assert.equal(swap16(fold(sum(0, 8))), 0xddf2);
});
