/**
 * The two authenticators that end an initiation and a response (whitepaper section 5.4.4). mac1 proves that
 * the sender knows the receiver's public key; without it there is no answer at all. mac2 proves, when the
 * receiver is under load, that the sender owns its address, by a cookie that was sent there.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { blake2s } from "@noble/hashes/blake2.js";
import { COOKIE_REPLY_FIELDS, COOKIE_REPLY_LENGTH, MAC_LENGTH } from "./message.ts";
import { hash } from "./noise.ts";

const MAC1_LABEL = new TextEncoder().encode("mac1----");
const COOKIE_LABEL = new TextEncoder().encode("cookie--");

/** Lifetime of a cookie and of its secret in milliseconds (section 6.6, COOKIE_SECRET_MAX_AGE). */
export const COOKIE_LIFE = 120_000;

/**
 * A cookie is not put into messages in the last milliseconds of its lifetime, since it must be valid when
 * they arrive (the kernel's COOKIE_SECRET_LATENCY).
 */
const COOKIE_LATENCY = 5_000;

/** BLAKE2s keyed by `key`, 16 bytes. */
export function mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = blake2s.create({ key, dkLen: MAC_LENGTH });
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** The key of mac1 in messages to the owner of a public key, 32 bytes. */
export function mac1Key(publicKey: Uint8Array): Uint8Array {
  return hash(MAC1_LABEL, publicKey);
}

/** The key that seals cookies from the owner of a public key, 32 bytes. */
export function cookieKey(publicKey: Uint8Array): Uint8Array {
  return hash(COOKIE_LABEL, publicKey);
}

/** The part of an initiation or a response that mac1 covers. */
export function beforeMac1(message: Uint8Array): Uint8Array {
  return message.subarray(0, message.length - 2 * MAC_LENGTH);
}

/** The mac1 of an initiation or a response. */
export function mac1Of(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - 2 * MAC_LENGTH, message.length - MAC_LENGTH);
}

/** The part of an initiation or a response that mac2 covers. */
export function beforeMac2(message: Uint8Array): Uint8Array {
  return message.subarray(0, message.length - MAC_LENGTH);
}

/** The mac2 of an initiation or a response. */
export function mac2Of(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - MAC_LENGTH);
}

/**
 * Whether an initiation or a response was made for the owner of a public key; `key` is its {@linkcode
 * mac1Key}.
 */
export function hasValidMac1(key: Uint8Array, message: Uint8Array): boolean {
  return timingSafeEqual(mac(key, beforeMac1(message)), mac1Of(message));
}

/**
 * Adds both authenticators to the messages to one peer, and consumes the cookie replies that come from it.
 */
export class CookieGenerator {
  readonly #mac1Key: Uint8Array;
  readonly #cookieKey: Uint8Array;
  /** mac1 of the message sent last: a cookie reply is bound to it. */
  #lastMac1: Uint8Array | undefined;
  #cookie: Uint8Array | undefined;
  #cookieAt = -Infinity;

  /** For messages to the owner of a public key. */
  constructor(peerPublicKey: Uint8Array) {
    this.#mac1Key = mac1Key(peerPublicKey);
    this.#cookieKey = cookieKey(peerPublicKey);
  }

  /**
   * Completes an initiation or a response in place. mac2 stays zero without a fresh cookie.
   *
   * @param now milliseconds on a monotonic clock
   */
  addMacs(message: Uint8Array, now: number): void {
    const mac1 = mac(this.#mac1Key, beforeMac1(message));
    mac1Of(message).set(mac1);
    this.#lastMac1 = mac1;
    const fresh = this.#cookie !== undefined && now - this.#cookieAt < COOKIE_LIFE - COOKIE_LATENCY;
    if (this.#cookie !== undefined && fresh) mac2Of(message).set(mac(this.#cookie, beforeMac2(message)));
  }

  /**
   * Consumes a cookie reply. The message that it answers must not be repeated before its time.
   *
   * @returns whether it is genuine: an answer to the message sent last, sealed by the peer
   */
  consumeReply(reply: Uint8Array, now: number): boolean {
    if (this.#lastMac1 === undefined || reply.length !== COOKIE_REPLY_LENGTH) return false;
    const { nonce, cookie } = COOKIE_REPLY_FIELDS;
    try {
      const cipher = xchacha20poly1305(this.#cookieKey, reply.subarray(nonce, cookie), this.#lastMac1);
      this.#cookie = cipher.decrypt(reply.subarray(cookie));
    } catch {
      return false;
    }
    this.#cookieAt = now;
    // One reply a message: a second one is a replay.
    this.#lastMac1 = undefined;
    return true;
  }
}
