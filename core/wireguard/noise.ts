/**
 * The symmetric state of the handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (Noise protocol framework,
 * revision 34, section 5.2; WireGuard whitepaper section 5.4), the same at both ends after each step.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { blake2s } from "@noble/hashes/blake2.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { KEY_LENGTH } from "./message.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The whitepaper's CONSTRUCTION, hashed: the first chaining key. */
const CHAINING_KEY = blake2s(utf8("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
/** That and the whitepaper's IDENTIFIER, hashed: the first hash. */
const HASH = hash(CHAINING_KEY, utf8("WireGuard v1 zx2c4 Jason@zx2c4.com"));
/** Each key seals one text only, so the nonce is always zero. */
const NONCE = new Uint8Array(12);

/** BLAKE2s of two parts one after the other, 32 bytes. */
export function hash(first: Uint8Array, second: Uint8Array): Uint8Array {
  return blake2s.create({}).update(first).update(second).digest();
}

/** Overwrites secrets with zeros. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

/** Chaining key and hash of one handshake. Keys are used for one text each and cleared. */
export class SymmetricState {
  readonly #chainingKey: Uint8Array;
  #hash: Uint8Array;

  private constructor(chainingKey: Uint8Array, hash: Uint8Array) {
    this.#chainingKey = chainingKey.slice();
    this.#hash = hash.slice();
  }

  /** The state before the first message to the owner of a static public key. */
  static begin(responderPublicKey: Uint8Array): SymmetricState {
    return new SymmetricState(CHAINING_KEY, hash(HASH, responderPublicKey));
  }

  /** A copy, on which a message can be tried without harm to this state if it is forged. */
  clone(): SymmetricState {
    return new SymmetricState(this.#chainingKey, this.#hash);
  }

  /** Takes an ephemeral public key, which with a preshared key goes into hash and chaining key. */
  mixEphemeral(publicKey: Uint8Array): void {
    this.mixKey(publicKey);
    this.#mixHash(publicKey);
  }

  /** Takes a secret into the chaining key. */
  mixKey(secret: Uint8Array): void {
    this.#derive(secret, 1);
  }

  /** Takes a secret into the chaining key; the result is the key of the next sealed text. */
  mixKeyForCipher(secret: Uint8Array): Uint8Array {
    return this.#derive(secret, 2)[0];
  }

  /** Takes the preshared key; the result is the key of the next sealed text. */
  mixPresharedKey(presharedKey: Uint8Array): Uint8Array {
    const [mixed, key] = this.#derive(presharedKey, 3);
    this.#mixHash(mixed);
    wipe(mixed);
    return key;
  }

  /** Seals a text. */
  seal(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = chacha20poly1305(key, NONCE, this.#hash).encrypt(plaintext);
    wipe(key);
    this.#mixHash(sealed);
    return sealed;
  }

  /** Opens a text; undefined if it was not sealed like that. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    try {
      const plaintext = chacha20poly1305(key, NONCE, this.#hash).decrypt(sealed);
      this.#mixHash(sealed);
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
    const [second] = this.#derive(new Uint8Array(), 2);
    const first = this.#chainingKey.slice();
    this.destroy();
    return [first, second];
  }

  /** Clears the state. */
  destroy(): void {
    wipe(this.#chainingKey, this.#hash);
  }

  /** Takes public bytes into the hash. */
  #mixHash(part: Uint8Array): void {
    this.#hash = hash(this.#hash, part);
  }

  /**
   * The whitepaper's KDF1, KDF2, KDF3, which are HKDF (RFC 5869) with HMAC-BLAKE2s and no info. The first output
   * becomes the chaining key, the others are returned.
   */
  #derive(input: Uint8Array, outputs: 1 | 2 | 3): Uint8Array[] {
    const output = hkdf(blake2s, input, this.#chainingKey, undefined, outputs * KEY_LENGTH);
    this.#chainingKey.set(output.subarray(0, KEY_LENGTH));
    const others: Uint8Array[] = [];
    for (let at = KEY_LENGTH; at < output.length; at += KEY_LENGTH) {
      others.push(output.slice(at, at + KEY_LENGTH));
    }
    wipe(output);
    return others;
  }
}
