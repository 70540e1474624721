import { createGatherCopy, type GatherCopy } from "../../core/memory/gather_copy.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import type { Libcrypto } from "./libcrypto_library.ts";
import { CIPHER_KEY, CIPHER_TAG, type PacketCipher } from "./packet_cipher.ts";

/** openssl/evp.h */
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;
const OPEN = 0;
const SEAL = 1;
const NONCE = 12;
const ALGORITHM = new TextEncoder().encode("ChaCha20-Poly1305\0");

/**
 * ChaCha20-Poly1305 by OpenSSL's libcrypto, whose assembly code uses the widest registers the processor has.
 *
 * Each key keeps its context. A packet then takes four calls with pointers alone: the nonce, the text, the end, and the tag,
 * which is set before a text that is opened and asked for after one that is sealed.
 */
export class LibcryptoCipher implements PacketCipher {
  readonly backend = "libcrypto";
  readonly #library: Libcrypto;
  readonly #call: Libcrypto["symbols"];
  readonly #u32: Uint32Array;
  readonly #u8: Uint8Array;
  readonly #pieces: GatherCopy;
  readonly #places: PointerCache;
  readonly #algorithm: Deno.PointerValue;
  /** By slot; null: no key. */
  readonly #contexts: Deno.PointerValue[];
  readonly #key: number;
  readonly #keyPointer: Deno.PointerValue;
  readonly #nonce: number;
  readonly #noncePointer: Deno.PointerValue;
  readonly #lengthPointer: Deno.PointerValue;

  /**
   * @param library is the cipher's from now on, and closed with it
   * @param slots how many keys there can be
   * @throws {Error} when this libcrypto does not have the algorithm
   */
  constructor(memory: PacketMemory, library: Libcrypto, slots: number) {
    const { arena } = memory;
    this.#library = library;
    this.#call = library.symbols;
    this.#u32 = arena.u32;
    this.#u8 = arena.u8;
    this.#pieces = createGatherCopy(memory.memory, memory.memory);
    this.#places = new PointerCache(memory);
    this.#contexts = new Array<Deno.PointerValue>(slots).fill(null);
    this.#key = arena.allocate(CIPHER_KEY, 16);
    this.#keyPointer = memory.pointer(this.#key);
    this.#nonce = arena.allocate(NONCE, 4);
    this.#noncePointer = memory.pointer(this.#nonce);
    this.#lengthPointer = memory.pointer(arena.allocate(4, 4));
    this.#algorithm = this.#call.EVP_CIPHER_fetch(null, ALGORITHM, null);
    if (this.#algorithm === null) throw new Error("libcrypto has no ChaCha20-Poly1305");
  }

  setKey(slot: number, key: Uint8Array): void {
    if (key.length !== CIPHER_KEY || this.#contexts[slot] === undefined) {
      throw new RangeError(`Cannot set key ${slot} of ${key.length} bytes`);
    }
    const call = this.#call;
    const context = this.#contexts[slot] ?? call.EVP_CIPHER_CTX_new();
    const [secret, nonce] = [this.#keyPointer, this.#noncePointer];
    this.#u8.set(key, this.#key);
    const isSet = call.EVP_CipherInit_ex(context, this.#algorithm, null, secret, nonce, SEAL);
    this.#u8.fill(0, this.#key, this.#key + CIPHER_KEY);
    if (isSet !== 1) throw new Error("libcrypto takes no key for ChaCha20-Poly1305");
    this.#contexts[slot] = context;
  }

  clearKey(slot: number): void {
    const context = this.#contexts[slot] ?? null;
    if (context === null) return;
    this.#call.EVP_CIPHER_CTX_free(context);
    this.#contexts[slot] = null;
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
    const length = this.#pieces.gather(out, header, headerLength, payload, payloadLength);
    const context = this.#contexts[slot] ?? null;
    const text = this.#places.at(out);
    const nonce = this.#nonce >> 2;
    this.#u32[nonce + 1] = counter;
    this.#u32[nonce + 2] = counter / 0x1_0000_0000;
    this.#call.EVP_CipherInit_ex(context, null, null, null, this.#noncePointer, SEAL);
    if (length > 0) this.#call.EVP_CipherUpdate(context, text, this.#lengthPointer, text, length);
    this.#call.EVP_CipherFinal_ex(context, text, this.#lengthPointer);
    this.#call.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CIPHER_TAG, this.#places.at(out + length));
    return length + CIPHER_TAG;
  }

  open(slot: number, counterLow: number, counterHigh: number, at: number, length: number): boolean {
    const textLength = length - CIPHER_TAG;
    if (textLength < 0) return false;
    const context = this.#contexts[slot] ?? null;
    const text = this.#places.at(at);
    const nonce = this.#nonce >> 2;
    this.#u32[nonce + 1] = counterLow;
    this.#u32[nonce + 2] = counterHigh;
    const call = this.#call;
    // The direction comes first: a context that seals takes no tag.
    call.EVP_CipherInit_ex(context, null, null, null, this.#noncePointer, OPEN);
    const tag = this.#places.at(at + textLength);
    if (call.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CIPHER_TAG, tag) !== 1) return false;
    if (textLength > 0) call.EVP_CipherUpdate(context, text, this.#lengthPointer, text, textLength);
    return call.EVP_CipherFinal_ex(context, text, this.#lengthPointer) === 1;
  }

  [Symbol.dispose](): void {
    for (let slot = 0; slot < this.#contexts.length; slot++) this.clearKey(slot);
    this.#call.EVP_CIPHER_free(this.#algorithm);
    this.#library.close();
  }
}

/** Sets, a power of two, and places in each: a full receive has some 1,440 places if all datagrams are of one length. */
const SETS = 2048;
const WAYS = 4;
/** Knuth's multiplicative hash: 2^32 over the golden ratio (The Art of Computer Programming, section 6.4). */
const MULTIPLIER = 0x9e3779b1;
const SHIFT = 32 - Math.log2(SETS);

/**
 * Remembers pointer objects for places in the arena that are only known when a packet comes. Making one takes longer than a small
 * packet's checksum and leaves garbage, but packets lie at the same few hundred places again and again.
 */
export class PointerCache {
  readonly #offsets = new Int32Array(SETS * WAYS).fill(-1);
  readonly #pointers: Deno.PointerValue[] = new Array(SETS * WAYS).fill(null);
  #nextWay = 0;

  constructor(private readonly memory: PacketMemory) {}

  /** The pointer to byte `offset`. */
  at(offset: number): Deno.PointerValue {
    const first = (Math.imul(offset, MULTIPLIER) >>> SHIFT) * WAYS;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (this.#offsets[entry] === offset) return this.#pointers[entry] ?? null;
    }
    return this.#make(first, offset);
  }

  #make(first: number, offset: number): Deno.PointerValue {
    let entry = first + this.#nextWay;
    this.#nextWay = (this.#nextWay + 1) % WAYS;
    for (let way = 0; way < WAYS; way++) if (this.#offsets[first + way] < 0) entry = first + way;
    this.#offsets[entry] = offset;
    return this.#pointers[entry] = this.memory.pointer(offset);
  }
}
