/**
 * The two authenticators that end an initiation and a response (whitepaper sections 5.4.4 and 5.4.7). mac1
 * proves that the sender knows the receiver's public key; without it there is no answer at all. mac2 proves,
 * when the receiver is under load, that the sender owns its address: by a cookie that was sent there.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { blake2s } from "@noble/hashes/blake2.js";
import {
  COOKIE_REPLY,
  COOKIE_REPLY_FIELDS,
  COOKIE_REPLY_LENGTH,
  INITIATION_FIELDS,
  KEY_LENGTH,
  MAC_LENGTH,
} from "./message.ts";
import { hash, wipe } from "./noise.ts";

const MAC1_LABEL = new TextEncoder().encode("mac1----");
const COOKIE_LABEL = new TextEncoder().encode("cookie--");

/** Lifetime of a cookie and of its secret in milliseconds (section 6.6, COOKIE_SECRET_MAX_AGE). */
const COOKIE_LIFE = 120_000;

/** The last milliseconds of it, in which no message takes the cookie along (the kernel's COOKIE_SECRET_LATENCY). */
const COOKIE_LATENCY = 5_000;

/** Fills an array with random bytes of cryptographic strength, as crypto.getRandomValues does. */
export type FillRandom = (bytes: Uint8Array<ArrayBuffer>) => unknown;

/** The part of an initiation or a response that mac1 covers. */
export const beforeMac1 = (message: Uint8Array): Uint8Array => message.subarray(0, -2 * MAC_LENGTH);
/** The mac1 of an initiation or a response. */
export const mac1Of = (message: Uint8Array): Uint8Array => message.subarray(-2 * MAC_LENGTH, -MAC_LENGTH);
/** The part of an initiation or a response that mac2 covers. */
const beforeMac2 = (message: Uint8Array): Uint8Array => message.subarray(0, -MAC_LENGTH);
/** The mac2 of an initiation or a response. */
const mac2Of = (message: Uint8Array): Uint8Array => message.subarray(-MAC_LENGTH);

/** The key of mac1 in messages to the owner of a public key, 32 bytes. */
export const mac1Key = (publicKey: Uint8Array): Uint8Array => hash(MAC1_LABEL, publicKey);
/** The key that seals cookies from the owner of a public key, 32 bytes. */
const cookieKey = (publicKey: Uint8Array): Uint8Array => hash(COOKIE_LABEL, publicKey);

/** BLAKE2s keyed by `key`, 16 bytes. */
const mac = (key: Uint8Array, data: Uint8Array): Uint8Array => blake2s(data, { key, dkLen: MAC_LENGTH });

/** Whether an initiation or a response was made for the owner of a public key, whose {@linkcode mac1Key} is `key`. */
export function hasValidMac1(key: Uint8Array, message: Uint8Array): boolean {
  return timingSafeEqual(mac(key, beforeMac1(message)), mac1Of(message));
}

/**
 * Adds both authenticators to the messages to one peer, and consumes the cookie replies that come from it.
 * Times are milliseconds on a monotonic clock.
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

  /** Completes an initiation or a response in place. mac2 stays zero without a fresh cookie. */
  addMacs(message: Uint8Array, now: number): void {
    this.#lastMac1 = mac(this.#mac1Key, beforeMac1(message));
    mac1Of(message).set(this.#lastMac1);
    if (this.#cookie === undefined || now - this.#cookieAt >= COOKIE_LIFE - COOKIE_LATENCY) return;
    mac2Of(message).set(mac(this.#cookie, beforeMac2(message)));
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

/**
 * Makes and checks the cookies of one socket under load. It answers an initiation with a sealed cookie, and
 * remembers nothing until the cookie comes back in mac2. Senders are address and port as bytes, in any form
 * that is always the same; times are milliseconds on a monotonic clock.
 */
export class CookieChecker {
  readonly #secret = new Uint8Array(KEY_LENGTH);
  #secretAt = -Infinity;

  /** Secrets and nonces come from `fillRandom`. */
  constructor(readonly fillRandom: FillRandom) {}

  /** Checks that mac2 of an initiation or a response was made with a cookie for this sender. */
  hasValidMac2(message: Uint8Array, from: Uint8Array, now: number): boolean {
    // Without a secret, or with one that is too old, no cookie is valid.
    if (now - this.#secretAt >= COOKIE_LIFE) return false;
    const cookie = mac(this.#secret, from);
    const isValid = timingSafeEqual(mac(cookie, beforeMac2(message)), mac2Of(message));
    wipe(cookie);
    return isValid;
  }

  /** Creates the cookie reply to an initiation or a response with a valid mac1 for our own `publicKey`. */
  createReply(
    message: Uint8Array,
    publicKey: Uint8Array,
    from: Uint8Array,
    now: number,
  ): Uint8Array<ArrayBuffer> {
    if (now - this.#secretAt >= COOKIE_LIFE) {
      this.fillRandom(this.#secret);
      this.#secretAt = now;
    }
    const fields = COOKIE_REPLY_FIELDS;
    const reply = new Uint8Array(COOKIE_REPLY_LENGTH);
    reply[0] = COOKIE_REPLY;
    // The sender's index stands at the same place in both kinds of message.
    reply.set(message.subarray(INITIATION_FIELDS.sender, INITIATION_FIELDS.sender + 4), fields.receiver);
    const nonce = reply.subarray(fields.nonce, fields.cookie);
    this.fillRandom(nonce);
    const cookie = mac(this.#secret, from);
    const cipher = xchacha20poly1305(cookieKey(publicKey), nonce, mac1Of(message));
    reply.set(cipher.encrypt(cookie), fields.cookie);
    wipe(cookie);
    return reply;
  }
}
