import assert from "node:assert/strict";
import { PacketMemory } from "../libc/packet_memory.ts";
import { givesKnownAnswers } from "./load_cipher.ts";
import { LibsodiumCipher } from "./libsodium.ts";

/** (module (memory (export "m") 1)), in the binary format of the WebAssembly specification. */
const MEMORY_ONLY = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x05, 0x03, 0x01, 0x00, 0x01],
  ...[0x07, 0x05, 0x01, 0x01, 0x6d, 0x02, 0x00],
);

Deno.test("another WebAssembly module that starts meanwhile is not taken for libsodium", async () => {
  const { instantiate } = WebAssembly;
  const memory = new PacketMemory(1 << 20);
  // The other one ends just behind libsodium, before that is ready.
  const isLibsodiumMade = Promise.withResolvers<void>();
  const ordered = (async (source: Uint8Array<ArrayBuffer>, imports?: WebAssembly.Imports) => {
    const result = await instantiate(source, imports);
    if (source !== MEMORY_ONLY) isLibsodiumMade.resolve();
    else await isLibsodiumMade.promise;
    return result;
  }) as typeof WebAssembly.instantiate;
  WebAssembly.instantiate = ordered;
  try {
    const starting = LibsodiumCipher.start(memory, 4);
    const other = WebAssembly.instantiate(MEMORY_ONLY);
    using cipher = await starting;
    assert.equal(givesKnownAnswers(cipher, memory), true);
    assert.ok((await other).instance.exports.m instanceof WebAssembly.Memory);
    assert.equal(WebAssembly.instantiate, ordered);
  } finally {
    WebAssembly.instantiate = instantiate;
  }
});
