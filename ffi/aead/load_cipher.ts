/**
 * Chooses the cipher of the packet path: libcrypto where it loads and gives the known answers, else libsodium's
 * WebAssembly. Only what is used is loaded.
 *
 * @module
 */
import type { PacketMemory } from "../packet_memory.ts";
import { givesKnownAnswers } from "./known_answer.ts";
import type { CipherBackend, PacketCipher } from "./packet_cipher.ts";

/** A back end, or the best that works. */
export type CipherChoice = "auto" | CipherBackend;

/**
 * Loads a cipher.
 *
 * @param slots how many keys there can be
 * @throws {Error} when the one that was chosen does not work here; "auto" never fails in practice
 */
export async function loadPacketCipher(
  memory: PacketMemory,
  slots: number,
  choice: CipherChoice = "auto",
): Promise<PacketCipher> {
  const order: readonly CipherBackend[] = choice === "auto" ? ["libcrypto", "wasm"] : [choice];
  for (const backend of order) {
    const cipher = await start(backend, memory, slots);
    if (cipher === undefined) continue;
    if (givesKnownAnswers(cipher, memory)) return cipher;
    cipher[Symbol.dispose]();
  }
  throw new Error(`Cannot encrypt: no working ChaCha20-Poly1305 (${order.join(", ")})`);
}

async function start(
  backend: CipherBackend,
  memory: PacketMemory,
  slots: number,
): Promise<PacketCipher | undefined> {
  if (backend === "wasm") return await (await import("./libsodium.ts")).LibsodiumCipher.start(memory, slots);
  const library = (await import("./libcrypto_library.ts")).openLibcrypto();
  if (library === undefined) return undefined;
  try {
    return new (await import("./libcrypto.ts")).LibcryptoCipher(memory, library, slots);
  } catch {
    library.close();
    return undefined;
  }
}
