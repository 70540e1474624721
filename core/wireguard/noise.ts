/**
 * The symmetric state of the handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (Noise protocol framework,
 * revision 34, section 5.2; WireGuard whitepaper section 5.4), the same at both ends after each step.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { blake2s } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { KEY_LENGTH } from "./message.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The whitepaper's CONSTRUCTION, hashed: the first chaining key. */
const CHAINING_KEY = blake2s(utf8("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
/** That and the whitepaper's IDENTIFIER, hashed: the first hash. */
const HASH = hash(CHAINING_KEY, utf8("WireGuard v1 zx2c4 Jason@zx2c4.com"));
/** Each key seals one text only, so the nonce is always zero. */
const NONCE = new Uint8Array(12);
const EMPTY = new Uint8Array(0);

/** BLAKE2s of the parts one after the other, 32 bytes. */
export function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = blake2s.create({});
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** Overwrites secrets with zeros. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

/** Chaining key and hash of one handshake. */
export class SymmetricState {
  readonly #chainingKey: Uint8Array;
  #hash: Uint8Array;

  private constructor(chainingKey: Uint8Array, hash: Uint8Array) {
    this.#chainingKey = chainingKey;
    this.#hash = hash;
  }

  /** The state before the first message to the owner of a static public key. */
  static begin(responderPublicKey: Uint8Array): SymmetricState {
    return new SymmetricState(CHAINING_KEY.slice(), hash(HASH, responderPublicKey));
  }

  /** A copy, on which a message can be tried without harm to this state if it is forged. */
  clone(): SymmetricState {
    return new SymmetricState(this.#chainingKey.slice(), this.#hash.slice());
  }

  /** Takes public bytes into the hash. */
  mixHash(part: Uint8Array): void {
    this.#hash = hash(this.#hash, part);
  }

  /** Takes an ephemeral public key, which with a preshared key goes into hash and chaining key. */
  mixEphemeral(publicKey: Uint8Array): void {
    this.mixKey(publicKey);
    this.mixHash(publicKey);
  }

  /** Takes a secret into the chaining key. */
  mixKey(secret: Uint8Array): void {
    this.#derive(secret, 1);
  }

  /** Takes a secret into the chaining key; the result is the key of the next sealed text. */
  mixKeyForCipher(secret: Uint8Array): Uint8Array {
    const [key = EMPTY] = this.#derive(secret, 2);
    return key;
  }

  /** Takes the preshared key; the result is the key of the next sealed text. */
  mixPresharedKey(presharedKey: Uint8Array): Uint8Array {
    const [mixed = EMPTY, key = EMPTY] = this.#derive(presharedKey, 3);
    this.mixHash(mixed);
    wipe(mixed);
    return key;
  }

  /** Seals a text by a key that is used this once and cleared. */
  seal(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = chacha20poly1305(key, NONCE, this.#hash).encrypt(plaintext);
    wipe(key);
    this.mixHash(sealed);
    return sealed;
  }

  /** Opens a text by a key that is used this once and cleared; undefined if it was not sealed like that. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    try {
      const plaintext = chacha20poly1305(key, NONCE, this.#hash).decrypt(sealed);
      this.mixHash(sealed);
      return plaintext;
    } catch {
      return undefined;
    } finally {
      wipe(key);
    }
  }

  /** Ends the handshake: the two transport keys, the initiator's sending key first. The state is cleared. */
  split(): [Uint8Array, Uint8Array] {
    // The chaining key takes the first output's place, so the first key is read there.
    const [second = EMPTY] = this.#derive(EMPTY, 2);
    const first = this.#chainingKey.slice();
    this.destroy();
    return [first, second];
  }

  /** Clears the state. */
  destroy(): void {
    wipe(this.#chainingKey, this.#hash);
  }

  /**
   * The whitepaper's KDF1, KDF2, KDF3, which are HKDF (RFC 5869) with HMAC-BLAKE2s. The first output becomes
   * the chaining key, the others are returned.
   */
  #derive(input: Uint8Array, outputs: 1 | 2 | 3): Uint8Array[] {
    const secret = hmac(blake2s, this.#chainingKey, input);
    const first = hmac(blake2s, secret, Uint8Array.of(1));
    const rest: Uint8Array[] = [];
    const block = new Uint8Array(KEY_LENGTH + 1);
    let last = first;
    for (let index = 2; index <= outputs; index++) {
      block.set(last);
      block[KEY_LENGTH] = index;
      last = hmac(blake2s, secret, block);
      rest.push(last);
    }
    this.#chainingKey.set(first);
    wipe(secret, first, block);
    return rest;
  }
}
