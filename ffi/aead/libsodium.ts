import untypedSodium from "libsodium";
import { createGatherCopy, type GatherCopy } from "../../core/memory/gather_copy.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { CIPHER_KEY, CIPHER_PADDING, CIPHER_TAG, CIPHER_TEXT, type PacketCipher } from "./packet_cipher.ts";

const NONCE = 12;
/** Bytes of an `unsigned long long` that one function writes the tag's length to. */
const LENGTH = 8;

type Six = [number, number, number, number, number, number];

/**
 * The part of the package that is used; it has no types of its own. Places and lengths are numbers of 32 bits; an `unsigned long long`
 * is two of them, the lower half first.
 */
interface Sodium {
  // void *malloc(size_t size);
  _malloc(size: number): number;
  // int crypto_aead_chacha20poly1305_ietf_encrypt_detached(unsigned char *c, unsigned char *mac,
  //   unsigned long long *maclen_p, const unsigned char *m, unsigned long long mlen, const unsigned char *ad,
  //   unsigned long long adlen, const unsigned char *nsec, const unsigned char *npub, const unsigned char *k);
  _crypto_aead_chacha20poly1305_ietf_encrypt_detached(...words: [...Six, ...Six]): number;
  // int crypto_aead_chacha20poly1305_ietf_decrypt_detached(unsigned char *m, unsigned char *nsec, const unsigned char *c,
  //   unsigned long long clen, const unsigned char *mac, const unsigned char *ad, unsigned long long adlen,
  //   const unsigned char *npub, const unsigned char *k);
  _crypto_aead_chacha20poly1305_ietf_decrypt_detached(
    ...words: [...Six, number, number, number, number, number]
  ): number;
}

const instantiateSodium = untypedSodium as () => Promise<Sodium>;

/** libsodium with the memory that it works on. */
interface Instance {
  readonly sodium: Sodium;
  readonly heap: WebAssembly.Memory;
}

/**
 * Starts libsodium. The package shows its heap as bytes only, but another WebAssembly module can work on it only with the
 * memory itself, which is among what the instance exports: so instances are looked at when they are made. Emscripten's own
 * hook for that, `instantiateWasm`, has to bring the module's code, which the package keeps to itself.
 */
async function startSodium(): Promise<Instance> {
  const { instantiate } = WebAssembly;
  const made: WebAssembly.Exports[] = [];
  WebAssembly.instantiate = (async (source: BufferSource, imports?: WebAssembly.Imports) => {
    const result = await instantiate(source, imports);
    if (result instanceof WebAssembly.Instance) return result;
    made.push(result.instance.exports);
    return result;
  }) as typeof WebAssembly.instantiate;
  try {
    const sodium = await instantiateSodium();
    // Another module may start meanwhile; libsodium's instance is the one that has its functions.
    const own = made.map(Object.values).find((values) => values.includes(sodium._malloc));
    const heap = own?.find((value) => value instanceof WebAssembly.Memory);
    if (heap === undefined) throw new Error("libsodium shows no memory");
    return { sodium, heap };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/**
 * ChaCha20-Poly1305 by libsodium's WebAssembly: no system library is needed. Its functions are called with places on its
 * own heap, where keys, nonce and one packet have theirs; a packet is copied there and back, which takes a fiftieth of the
 * time that sealing it does.
 */
export class LibsodiumCipher implements PacketCipher {
  readonly backend = "wasm";
  readonly #seal: Sodium["_crypto_aead_chacha20poly1305_ietf_encrypt_detached"];
  readonly #open: Sodium["_crypto_aead_chacha20poly1305_ietf_decrypt_detached"];
  readonly #pieces: GatherCopy;
  readonly #slots: number;
  readonly #keys: number;
  readonly #nonce: number;
  readonly #length: number;
  readonly #packet: number;
  readonly #heap32: Uint32Array;
  readonly #heap8: Uint8Array;

  private constructor({ sodium, heap }: Instance, memory: PacketMemory, slots: number) {
    const allocate = (size: number) => {
      const at = sodium._malloc(size);
      if (at === 0) throw new RangeError(`Cannot reserve ${size} bytes on libsodium's heap`);
      return at;
    };
    this.#seal = sodium._crypto_aead_chacha20poly1305_ietf_encrypt_detached;
    this.#open = sodium._crypto_aead_chacha20poly1305_ietf_decrypt_detached;
    this.#slots = slots;
    this.#keys = allocate(slots * CIPHER_KEY);
    this.#nonce = allocate(NONCE);
    this.#length = allocate(LENGTH);
    this.#packet = allocate(CIPHER_TEXT + CIPHER_TAG + CIPHER_PADDING);
    // Nothing is reserved from here on, so the heap grows no more and these stay attached.
    this.#heap32 = new Uint32Array(heap.buffer);
    this.#heap8 = new Uint8Array(heap.buffer);
    this.#heap32[this.#nonce >> 2] = 0;
    this.#pieces = createGatherCopy(memory.memory, heap);
  }

  /** @param slots how many keys there can be */
  static async start(memory: PacketMemory, slots: number): Promise<LibsodiumCipher> {
    return new LibsodiumCipher(await startSodium(), memory, slots);
  }

  setKey(slot: number, key: Uint8Array): void {
    if (key.length !== CIPHER_KEY || !(slot >= 0 && slot < this.#slots)) {
      throw new RangeError(`Cannot set key ${slot} of ${key.length} bytes`);
    }
    this.#heap8.set(key, this.#keys + slot * CIPHER_KEY);
  }

  clearKey(slot: number): void {
    const at = this.#keys + slot * CIPHER_KEY;
    this.#heap8.fill(0, at, at + CIPHER_KEY);
  }

  seal(
    slot: number,
    counter: number,
    header: number,
    headerLength: number,
    payload: number,
    payloadLength: number,
    out: number,
  ): number {
    const packet = this.#packet;
    const length = this.#pieces.gather(packet, header, headerLength, payload, payloadLength);
    this.#setNonce(counter, counter / 0x1_0000_0000);
    const key = this.#keys + slot * CIPHER_KEY;
    // There is no additional data and no secret nonce.
    this.#seal(packet, packet + length, this.#length, packet, length, 0, 0, 0, 0, 0, this.#nonce, key);
    this.#pieces.scatter(out, packet, length + CIPHER_TAG);
    return length + CIPHER_TAG;
  }

  open(slot: number, counterLow: number, counterHigh: number, at: number, length: number): boolean {
    const textLength = length - CIPHER_TAG;
    if (textLength < 0 || textLength > CIPHER_TEXT) return false;
    const packet = this.#packet;
    this.#pieces.gather(packet, at, length, 0, 0);
    this.#setNonce(counterLow, counterHigh);
    const key = this.#keys + slot * CIPHER_KEY;
    const tag = packet + textLength;
    const result = this.#open(packet, 0, packet, textLength, 0, tag, 0, 0, 0, this.#nonce, key);
    if (result !== 0) return false;
    this.#pieces.scatter(at, packet, textLength);
    return true;
  }

  #setNonce(low: number, high: number): void {
    const word = this.#nonce >> 2;
    this.#heap32[word + 1] = low;
    this.#heap32[word + 2] = high;
  }

  [Symbol.dispose](): void {
    this.#heap8.fill(0, this.#keys, this.#keys + this.#slots * CIPHER_KEY);
  }
}
