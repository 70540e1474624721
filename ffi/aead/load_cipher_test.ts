import assert from "node:assert/strict";
import { PacketMemory } from "../libc/packet_memory.ts";
import { givesKnownAnswers, loadPacketCipher } from "./load_cipher.ts";
import type { PacketCipher } from "./packet_cipher.ts";

/** A working cipher with one method in the place of its own. */
async function broken(
  memory: PacketMemory,
  part: (cipher: PacketCipher) => Partial<PacketCipher>,
): Promise<PacketCipher> {
  const cipher = await loadPacketCipher(memory, 1, "wasm");
  const own: PacketCipher = {
    backend: cipher.backend,
    setKey: (slot, key) => cipher.setKey(slot, key),
    clearKey: (slot) => cipher.clearKey(slot),
    seal: (...args) => cipher.seal(...args),
    open: (...args) => cipher.open(...args),
    [Symbol.dispose]: () => cipher[Symbol.dispose](),
  };
  return { ...own, ...part(cipher) };
}

Deno.test("a cipher that works gives the known answers", async () => {
  const memory = new PacketMemory(1 << 20);
  assert.equal(givesKnownAnswers(await broken(memory, () => ({})), memory), true);
});

Deno.test("a cipher that leaves the upper half of the counter out does not", async () => {
  const memory = new PacketMemory(1 << 20);
  const cipher = await broken(memory, (own) => ({
    seal: (slot, counter, ...rest) => own.seal(slot, counter >>> 0, ...rest),
    open: (slot, low, _high, ...rest) => own.open(slot, low, 0, ...rest),
  }));
  assert.equal(givesKnownAnswers(cipher, memory), false);
});

Deno.test("a cipher that opens whatever comes does not", async () => {
  const memory = new PacketMemory(1 << 20);
  const cipher = await broken(memory, (own) => ({ open: (...args) => own.open(...args) || true }));
  assert.equal(givesKnownAnswers(cipher, memory), false);
});

Deno.test("a cipher that does not open in place does not", async () => {
  const memory = new PacketMemory(1 << 20);
  const cipher = await broken(memory, (own) => ({
    open: (slot, low, high, at, length) => {
      const before = memory.arena.u8.slice(at, at + length);
      const authentic = own.open(slot, low, high, at, length);
      memory.arena.u8.set(before, at);
      return authentic;
    },
  }));
  assert.equal(givesKnownAnswers(cipher, memory), false);
});
