/**
 * Chooses the cipher of the packet path: libcrypto where it loads and gives the known answers, else libsodium's
 * WebAssembly. Only what is used is loaded.
 *
 * The known answers are what every cipher has to show before it is trusted with packets: the tags of texts of several lengths, in
 * one piece and in two, their opening in place, and the refusal of what was changed. The key is that of RFC 8439 appendix A.5.
 * WireGuard uses no additional data, so the tags are not in the RFC; they were computed by an independent implementation, which a
 * test holds to the RFC's own vectors.
 *
 * @module
 */
import type { PacketMemory } from "../libc/packet_memory.ts";
import { CIPHER_TAG, type CipherBackend, type PacketCipher } from "./packet_cipher.ts";

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

const KEY = "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0";
/** More than 32 bits and less than 2^53. */
const COUNTER = 0x1020_3040_5060;
/** Bytes of the text, of its first piece, and the tag. */
const ANSWERS: readonly (readonly [length: number, header: number, tag: string])[] = [
  [0, 0, "94872a260ba7991fda9966d113271a5c"],
  [24, 20, "b9df2e92f1a1dde9fd8c089a95478498"],
  [264, 0, "fdc436e9992b153da2d79e5f4475deb3"],
  [1400, 52, "5c285e66aa4b0b4b3fbffbbc17b3e97e"],
];
/** Room for the longest answer with its padding and tag. */
const ROOM = 1536;

/** The bytes that stand for a text in all of this. */
function answerText(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index * 7);
}

/** Whether the cipher gives the known answers; reserves some room in the arena and uses slot 0. */
export function givesKnownAnswers(cipher: PacketCipher, memory: PacketMemory): boolean {
  const { arena } = memory;
  const text = arena.allocate(ROOM, 16);
  const sealed = arena.allocate(ROOM, 16);
  cipher.setKey(0, fromHex(KEY));
  try {
    return ANSWERS.every(([length, header, tag]) => {
      arena.u8.set(answerText(length), text);
      const total = cipher.seal(0, COUNTER, text, header, text + header, length - header, sealed);
      const end = sealed + total;
      if (!equal(arena.u8.subarray(end - CIPHER_TAG, end), fromHex(tag))) return false;
      const open = () => cipher.open(0, COUNTER % 2 ** 32, Math.floor(COUNTER / 2 ** 32), sealed, total);
      const changed = arena.u8.slice(sealed, end);
      changed[length >> 1] ^= 0x10;
      const opens = open() && equal(arena.u8.subarray(sealed, sealed + length), answerText(length));
      arena.u8.set(changed, sealed);
      return opens && !open();
    });
  } finally {
    cipher.clearKey(0);
  }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
