import assert from "node:assert/strict";
import { PacketMemory } from "../libc/packet_memory.ts";
import { PointerCache } from "./libcrypto.ts";

Deno.test("a pointer is that of its place, also after others have taken its entry", () => {
  const memory = new PacketMemory(1 << 20);
  const cache = new PointerCache(memory);
  const addressOf = (pointer: Deno.PointerValue) => Number(Deno.UnsafePointer.value(pointer));
  // Far more places than entries, twice, so that each entry changes hands.
  for (let round = 0; round < 2; round++) {
    for (let offset = 0; offset < 1 << 20; offset += 13) {
      assert.equal(addressOf(cache.at(offset)), memory.arena.address + offset);
    }
  }
});

Deno.test("the same place gives the same object, so that nothing is made again", () => {
  const cache = new PointerCache(new PacketMemory(1 << 20));
  // Texts and tags of 16 received messages of 45 datagrams each.
  const places = Array.from(
    { length: 2 * 16 * 45 },
    (_, index) => (index >> 1) % 16 * 65_600 + Math.floor(index / 32) * 1440 + 16 + index % 2 * 1408,
  );
  const first = places.map((offset) => cache.at(offset));
  const again = places.filter((offset, index) => cache.at(offset) === first[index]).length;
  assert.ok(again > 0.99 * places.length, `${again} of ${places.length} were kept`);
});
