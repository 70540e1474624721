/**
 * Cookies of a responder under load (whitepaper section 5.4.7). It answers an initiation with a sealed
 * cookie, and does the work of a handshake once the cookie comes back in mac2. It remembers nothing in
 * between.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { beforeMac2, COOKIE_LIFE, cookieKey, mac, mac1Of, mac2Of } from "./mac.ts";
import {
  COOKIE_REPLY,
  COOKIE_REPLY_FIELDS,
  COOKIE_REPLY_LENGTH,
  INITIATION_FIELDS,
  KEY_LENGTH,
} from "./message.ts";
import { wipe } from "./noise.ts";

/** Fills an array with random bytes of cryptographic strength, as crypto.getRandomValues does. */
export type FillRandom = (bytes: Uint8Array<ArrayBuffer>) => unknown;

/** Makes and checks the cookies of one socket. */
export class CookieChecker {
  readonly #secret = new Uint8Array(KEY_LENGTH);
  #secretAt = -Infinity;

  /** Secrets and nonces come from `fillRandom`. */
  constructor(readonly fillRandom: FillRandom) {}

  /**
   * Checks that mac2 of an initiation or a response was made with a cookie for this sender.
   *
   * @param from address and port of the sender as bytes, in any form that is always the same
   * @param now milliseconds on a monotonic clock
   */
  hasValidMac2(message: Uint8Array, from: Uint8Array, now: number): boolean {
    // Without a secret, or with one that is too old, no cookie is valid.
    if (now - this.#secretAt >= COOKIE_LIFE) return false;
    const cookie = mac(this.#secret, from);
    const valid = timingSafeEqual(mac(cookie, beforeMac2(message)), mac2Of(message));
    wipe(cookie);
    return valid;
  }

  /**
   * Creates the cookie reply to an initiation or a response with a valid mac1.
   *
   * @param publicKey our own public key, which the message's mac1 was made for
   * @param from address and port of the sender as bytes
   */
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
    reply.set(
      xchacha20poly1305(cookieKey(publicKey), nonce, mac1Of(message)).encrypt(cookie),
      fields.cookie,
    );
    wipe(cookie);
    return reply;
  }
}
