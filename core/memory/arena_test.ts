import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "./arena.ts";

Deno.test("reservations are aligned, zeroed, apart from each other, and end with the memory", () => {
  const anyRequests = fc.array(fc.record({
    size: fc.integer({ min: 0, max: 200 }),
    alignment: fc.constantFrom(1, 2, 4, 8, 16, 64),
  }));
  fc.assert(fc.property(anyRequests, (requests) => {
    const arena = new Arena(new ArrayBuffer(1024), 0x7f00_0000_0000);
    let end = 0;
    for (const { size, alignment } of requests) {
      const least = Math.ceil(end / alignment) * alignment;
      if (least + size > 1024) {
        assert.throws(() => arena.allocate(size, alignment), RangeError);
        continue;
      }
      const offset = arena.allocate(size, alignment);
      assert.equal(offset, least);
      assert.ok(arena.u8.subarray(offset, offset + size).every((octet) => octet === 0));
      arena.u8.fill(0xff, offset, offset + size);
      end = offset + size;
    }
  }));
});

Deno.test("addresses are written as 64-bit numbers, the carry included", () => {
  const anyAddress = fc.oneof(
    fc.constantFrom(0, 0xffff_f000, 0x1_0000_0000, 0x7fff_ffff_f000),
    fc.integer({ min: 0, max: 0x7fff_ffff_f000 }),
  );
  fc.assert(fc.property(anyAddress, fc.integer({ min: 0, max: 0xffff_ffff }), (address, target) => {
    const arena = new Arena(new ArrayBuffer(64), address);
    arena.writeAddress(12, target);
    const view = new DataView(arena.buffer);
    assert.equal(view.getBigUint64(12, true), BigInt(address) + BigInt(target));
    assert.equal(view.getBigUint64(4, true), 0n);
    assert.equal(view.getBigUint64(20, true), 0n);
  }));
});

Deno.test("an iovec is an address and a length of 64 bits each", () => {
  const arena = new Arena(new ArrayBuffer(64), 0x7fab_ffff_ff00);
  arena.u8.fill(0xee);
  arena.writeIovec(16, 0x200, 65535);
  const view = new DataView(arena.buffer);
  assert.equal(view.getBigUint64(16, true), 0x7fac_0000_0100n);
  assert.equal(view.getBigUint64(24, true), 65535n);
  assert.equal(arena.u8[15], 0xee);
  assert.equal(arena.u8[32], 0xee);
});

Deno.test("all views show the same bytes, in the host's little-endian order", () => {
  const arena = new Arena(new ArrayBuffer(8), 0);
  arena.u8.set([1, 2, 3, 0xff], 4);
  assert.deepEqual([arena.u16[2], arena.u32[1], arena.i32[1]], [0x0201, 0xff030201, -0xfcfdff]);
});

Deno.test("what was released is handed out again, zeroed", () => {
  const arena = new Arena(new ArrayBuffer(256), 0x7f00_0000_0000);
  arena.allocate(100);
  const { used } = arena;
  arena.u8.fill(0xff, arena.allocate(64), 168);
  arena.release(used);
  const offset = arena.allocate(128);
  assert.equal(offset, 104);
  assert.ok(arena.u8.subarray(offset, offset + 128).every((octet) => octet === 0));
});

Deno.test("an address is read back as the offset that was written", () => {
  for (const address of [0x7f00_0000_0000, 0x7fff_ffff_f000]) {
    const arena = new Arena(new ArrayBuffer(64), address);
    for (const target of [0, 12, 0x1000, 0x0fff_ffff]) {
      arena.writeAddress(8, target);
      assert.equal(arena.readAddress(8), target);
    }
  }
});
