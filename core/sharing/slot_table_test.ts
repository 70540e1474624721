import assert from "node:assert/strict";
import fc from "fast-check";
import { SlotTable } from "./slot_table.ts";

// Few numbers, so that the same ones come again, and some whose hashes are neighbours.
const anyKey = fc.oneof(
  fc.nat({ max: 12 }),
  fc.nat({ max: 12 }).map((index) => (0xffff_fff0 + index) >>> 0),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

Deno.test("a table does what a Map does", () => {
  const anyStep = fc.tuple(fc.constantFrom("set", "set", "delete"), anyKey, fc.nat({ max: 1023 }));
  fc.assert(fc.property(fc.array(anyStep, { maxLength: 60 }), fc.array(anyKey), (steps, others) => {
    const table = new SlotTable(64);
    const twin = new Map<number, number>();
    for (const [kind, key, slot] of steps) {
      if (kind === "set") {
        table.set(key, slot);
        twin.set(key, slot);
      } else {
        table.delete(key);
        twin.delete(key);
      }
      assert.equal(table.count, twin.size);
      for (const asked of [...twin.keys(), key, ...others]) {
        assert.equal(table.get(asked), twin.get(asked) ?? -1);
      }
    }
  }));
});

Deno.test("a table takes as many as it was made for and refuses one more", () => {
  const table = new SlotTable(1024);
  for (let index = 0; index < 1024; index++) table.set(0xac14_0000 + index * 256, index);
  for (let index = 0; index < 1024; index++) assert.equal(table.get(0xac14_0000 + index * 256), index);
  assert.equal(table.get(0xac14_0001), -1);
  assert.throws(() => table.set(1, 1), RangeError);
  table.set(0xac14_0000, 7);
  assert.equal(table.get(0xac14_0000), 7);
});
