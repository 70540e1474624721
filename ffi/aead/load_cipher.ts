/**
 * Chooses the cipher of the packet path: libcrypto where it loads and gives the known answers, else libsodium's
 * WebAssembly. Only what is used is loaded.
 *
 * @module
 */
import type { PacketMemory } from "../libc/packet_memory.ts";
import { givesKnownAnswers } from "./known_answer.ts";
import type { CipherBackend, PacketCipher } from "./packet_cipher.ts";

/** A back end, or the best that works. */
export type CipherChoice = "auto" | CipherBackend;

/**
 * Loads a cipher.
 *
 * @param slots how many keys there can be
 * @param onMiss told why libcrypto is not used although it was chosen
 * @throws {Error} when the one that was chosen does not work here; "auto" never fails in practice
 */
export async function loadPacketCipher(
  memory: PacketMemory,
  slots: number,
  choice: CipherChoice = "auto",
  onMiss: (reason: string) => void = () => {},
): Promise<PacketCipher> {
  const order: readonly CipherBackend[] = choice === "auto" ? ["libcrypto", "wasm"] : [choice];
  for (const backend of order) {
    const cipher = await start(backend, memory, slots);
    if (typeof cipher === "string") {
      onMiss(cipher);
      continue;
    }
    if (givesKnownAnswers(cipher, memory)) return cipher;
    cipher[Symbol.dispose]();
    onMiss(`${backend} gives wrong answers`);
  }
  throw new Error(`Cannot encrypt: no working ChaCha20-Poly1305 (${order.join(", ")})`);
}

/** Starts a back end; a text says why it cannot be used. */
async function start(
  backend: CipherBackend,
  memory: PacketMemory,
  slots: number,
): Promise<PacketCipher | string> {
  if (backend === "wasm") return await (await import("./libsodium.ts")).LibsodiumCipher.start(memory, slots);
  const found = (await import("./libcrypto_library.ts")).searchLibcrypto();
  if ("reason" in found) return found.reason;
  try {
    return new (await import("./libcrypto.ts")).LibcryptoCipher(memory, found.library, slots);
  } catch (error) {
    found.library.close();
    return error instanceof Error ? error.message : String(error);
  }
}
