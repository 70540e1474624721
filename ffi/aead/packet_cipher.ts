/**
 * ChaCha20-Poly1305 (RFC 8439 section 2.8) for the packet path, as WireGuard uses it (whitepaper section 5.4.6): no
 * additional data, and a nonce of four bytes of zero and the packet's counter in eight, little endian.
 *
 * Keys have slots, which the caller numbers. Packets lie in the arena and are named by their byte offsets, so nothing
 * is allocated per packet. No method throws once a key is set.
 *
 * @module
 */

/** Bytes of a key, and of the tag behind what is sealed. */
export const CIPHER_KEY = 32;
export const CIPHER_TAG = 16;
/** What is sealed is padded with zeros to a multiple of this many bytes (whitepaper section 5.4.6). */
export const CIPHER_PADDING = 16;
/** Longest text in bytes: more than a datagram holds. */
export const CIPHER_TEXT = 65_536;

/** The code that does the work. */
export type CipherBackend = "libcrypto" | "wasm";

/** Seals and opens packets in the arena. */
export interface PacketCipher extends Disposable {
  readonly backend: CipherBackend;
  /**
   * Sets the key of a slot, in place of what it held.
   *
   * @throws {RangeError} for a slot that does not exist or a key of another length
   */
  setKey(slot: number, key: Uint8Array): void;
  /** Forgets the key of a slot and overwrites it; a slot without a key may not be used. */
  clearKey(slot: number): void;
  /**
   * Seals a packet that lies in two pieces: writes the ciphertext of both and of the padding, and the tag, from byte `out` on,
   * where they may not overlap the pieces.
   *
   * @param counter below 2^53, never twice with one key
   * @returns the bytes written: the lengths together, rounded up to {@linkcode CIPHER_PADDING}, and the tag
   */
  seal(
    slot: number,
    counter: number,
    header: number,
    headerLength: number,
    payload: number,
    payloadLength: number,
    out: number,
  ): number;
  /**
   * Opens what lies from byte `at` on, in place: the text takes the ciphertext's place, the tag stays.
   *
   * @param counterLow lower 32 bits of the counter, as an unsigned or signed number
   * @param counterHigh upper 32 bits
   * @param length bytes of ciphertext and tag
   * @returns whether it is authentic; if not, the bytes are worthless
   */
  open(slot: number, counterLow: number, counterHigh: number, at: number, length: number): boolean;
}
