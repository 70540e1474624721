/**
 * Strong tokens: 26 characters of Crockford's base32, 130 bits. The alphabet has no i, l, o and u, which are
 * read as 1, 0 and v.
 *
 * @module
 */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Characters of a generated token; each carries 5 bits. */
const LENGTH = 26;

/** Random bytes that {@linkcode generateToken} takes. */
export const TOKEN_ENTROPY: number = LENGTH;

/**
 * A token out of random bytes, of each of which 5 bits count. One in some 12,000 has words or patterns in it
 * by chance and is called weak by tokenStrength; draw again then.
 *
 * @throws {RangeError} for another number than {@linkcode TOKEN_ENTROPY}
 */
export function generateToken(entropy: Uint8Array): string {
  if (entropy.length !== TOKEN_ENTROPY) {
    throw new RangeError(`Cannot make a token of ${entropy.length} bytes: it takes ${TOKEN_ENTROPY}`);
  }
  return Array.from(entropy, (byte) => ALPHABET[byte & 31]).join("");
}
