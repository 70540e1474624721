import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { KEY_LENGTH } from "./message.ts";

/** RFC 8410: what comes before the 32 bytes of a key in PKCS #8 (section 7) and in SubjectPublicKeyInfo (section 4). */
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/**
 * A private key of X25519 (RFC 7748), made ready for use by the runtime's node:crypto: compiled code that takes the
 * same time for every key, unlike arithmetic on BigInt, at a fraction of its cost and with nothing to load
 * (docs/internals/dependencies.md has the figures).
 */
export class PrivateKey {
  #key: KeyObject | undefined;
  /** The public key that belongs to it, 32 bytes. */
  readonly publicKey: Uint8Array;

  /**
   * Takes a private key, 32 bytes, clamped or not. The bytes are copied.
   *
   * @throws {RangeError} for another length
   */
  constructor(bytes: Uint8Array) {
    const encoded = wrap(PRIVATE_PREFIX, bytes);
    this.#key = createPrivateKey({ key: encoded, format: "der", type: "pkcs8" });
    encoded.fill(0);
    const spki = createPublicKey(this.#key).export({ format: "der", type: "spki" });
    this.publicKey = new Uint8Array(spki.subarray(PUBLIC_PREFIX.length));
  }

  /**
   * The secret shared with the owner of a public key.
   *
   * @returns 32 bytes, which the caller clears after use; undefined after {@linkcode destroy}, and for a
   *   point of low order, with which the secret would not depend on the private key (RFC 7748 section 6.1)
   * @throws {RangeError} for a key of another length than 32
   */
  sharedSecret(publicKey: Uint8Array): Uint8Array | undefined {
    const encoded = wrap(PUBLIC_PREFIX, publicKey);
    if (this.#key === undefined) return undefined;
    let secret: Buffer;
    try {
      const key = createPublicKey({ key: encoded, format: "der", type: "spki" });
      secret = diffieHellman({ privateKey: this.#key, publicKey: key });
    } catch {
      // Deno 2.9 refuses such points by an exception, 2.4 returns zeros.
      return undefined;
    }
    let any = 0;
    for (const byte of secret) any |= byte;
    return any === 0 ? undefined : new Uint8Array(secret.buffer, secret.byteOffset, secret.length);
  }

  /** Lets go of the key, which the runtime frees with its next collection. */
  destroy(): void {
    this.#key = undefined;
  }
}

function wrap(prefix: Buffer, key: Uint8Array): Buffer {
  if (key.length !== KEY_LENGTH) throw new RangeError(`Cannot use a key of ${key.length} bytes: it has 32`);
  return Buffer.concat([prefix, key]);
}
