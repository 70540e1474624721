/**
 * The logins of the original's accessors: `01` and the token in clear, from anyone who can read the network
 * (docs/guide/security.md).
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Token } from "../../core/config/config.ts";
import { LOGIN } from "../../core/token/login.ts";

/** The answer to a sender that has to log in first: docs/internals/protocol.md, "Plaintext". */
export const NOT_LOGGED_IN: Uint8Array<ArrayBuffer> = Uint8Array.of(2);

/**
 * Finds the token of a login. They are compared by a keyed hash, so that neither the search nor the
 * comparison tells by its time how much of a guess was right.
 */
export class TokenIndex {
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  #entries = new Map<string, { readonly digest: Uint8Array; readonly token: Token }>();

  /** Applies the tokens of a configuration. */
  update(tokens: readonly Token[]): void {
    const encoder = new TextEncoder();
    this.#entries = new Map(tokens.map((token) => {
      const digest = hmac(sha256, this.#key, encoder.encode(token.name));
      return [bytesToHex(digest), { digest, token }];
    }));
  }

  /** The token of a login, undefined if it is of none. */
  find(login: Uint8Array): Token | undefined {
    if (login[0] !== LOGIN) return undefined;
    const digest = hmac(sha256, this.#key, login.subarray(1));
    const entry = this.#entries.get(bytesToHex(digest));
    return entry !== undefined && timingSafeEqual(entry.digest, digest) ? entry.token : undefined;
  }
}
