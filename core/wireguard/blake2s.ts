/**
 * Keyed BLAKE2s (RFC 7693) of one message under very many keys, for the search of mac1 among a thousand
 * tokens. The library takes 7 us a key for that; here the key's own block is compressed once and for all,
 * nothing is allocated, and the rounds are written out (a function for each step takes twice the time), which
 * leaves under 1 us (bench/micro/handshake_bench.ts). Everything else uses the library.
 *
 * @module
 */

/**
 * Initial values (RFC 7693 section 2.6): the first 32 bits of the fractional parts of the square roots of the
 * first primes.
 */
const IV = Int32Array.of(
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a],
  ...[0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
);

/** Message word permutations of the ten rounds (RFC 7693 section 2.7). */
const SIGMA = Uint8Array.of(
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  ...[11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  ...[7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  ...[9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  ...[2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  ...[12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  ...[13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  ...[6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  ...[10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
);

/** Bytes of a block, and its 32-bit words. */
const BLOCK = 64;
const BLOCK_WORDS = BLOCK / 4;

/** The state of BLAKE2s with 16 bytes of output once it has taken a key of 32 bytes, which fills the first block. */
export function keyedState(key: Uint8Array): Int32Array {
  const state = IV.slice();
  // Parameter block (RFC 7693 section 2.5): 16 bytes of output, a key of 32, fanout and depth 1.
  state[0] ^= 0x0101_2010;
  const words = new Int32Array(BLOCK_WORDS);
  new Uint8Array(words.buffer).set(key);
  compress(state, words, 0, BLOCK, false, state);
  words.fill(0);
  return state;
}

/** One message of 65 to 128 bytes, laid out to be authenticated under many keys. */
export class ManyKeyMac {
  /** Hosts are little-endian, as BLAKE2s is. */
  readonly #words = new Int32Array(2 * BLOCK_WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #result = new Int32Array(IV.length);
  #length = 0;

  /** Lays a message out. */
  set(message: Uint8Array): void {
    this.#bytes.fill(0).set(message);
    this.#length = message.length;
  }

  /** The 16 bytes under a key's {@linkcode keyedState}, as the first four words of an array that the next call overwrites. */
  under(state: Int32Array): Int32Array {
    const result = this.#result;
    compress(state, this.#words, 0, 2 * BLOCK, false, result);
    compress(result, this.#words, BLOCK_WORDS, BLOCK + this.#length, true, result);
    return result;
  }
}

/**
 * The compression function F (RFC 7693 section 3.2).
 *
 * @param total bytes taken with this block, the key's included; below 2^32
 * @param result gets the new state; may be `state`
 */
function compress(
  state: Int32Array,
  words: Int32Array,
  at: number,
  total: number,
  last: boolean,
  result: Int32Array,
): void {
  let v0 = state[0];
  let v1 = state[1];
  let v2 = state[2];
  let v3 = state[3];
  let v4 = state[4];
  let v5 = state[5];
  let v6 = state[6];
  let v7 = state[7];
  let v8 = 0x6a09e667 | 0;
  let v9 = 0xbb67ae85 | 0;
  let v10 = 0x3c6ef372 | 0;
  let v11 = 0xa54ff53a | 0;
  let v12 = 0x510e527f ^ total;
  let v13 = 0x9b05688c | 0;
  let v14 = last ? ~0x1f83d9ab : 0x1f83d9ab | 0;
  let v15 = 0x5be0cd19 | 0;
  for (let round = 0; round < SIGMA.length; round += 16) {
    // The four columns.
    v0 = v0 + v4 + words[at + SIGMA[round + 0]] | 0;
    v12 = (v12 ^ v0) << 16 | (v12 ^ v0) >>> 16;
    v8 = v8 + v12 | 0;
    v4 = (v4 ^ v8) << 20 | (v4 ^ v8) >>> 12;
    v0 = v0 + v4 + words[at + SIGMA[round + 1]] | 0;
    v12 = (v12 ^ v0) << 24 | (v12 ^ v0) >>> 8;
    v8 = v8 + v12 | 0;
    v4 = (v4 ^ v8) << 25 | (v4 ^ v8) >>> 7;
    v1 = v1 + v5 + words[at + SIGMA[round + 2]] | 0;
    v13 = (v13 ^ v1) << 16 | (v13 ^ v1) >>> 16;
    v9 = v9 + v13 | 0;
    v5 = (v5 ^ v9) << 20 | (v5 ^ v9) >>> 12;
    v1 = v1 + v5 + words[at + SIGMA[round + 3]] | 0;
    v13 = (v13 ^ v1) << 24 | (v13 ^ v1) >>> 8;
    v9 = v9 + v13 | 0;
    v5 = (v5 ^ v9) << 25 | (v5 ^ v9) >>> 7;
    v2 = v2 + v6 + words[at + SIGMA[round + 4]] | 0;
    v14 = (v14 ^ v2) << 16 | (v14 ^ v2) >>> 16;
    v10 = v10 + v14 | 0;
    v6 = (v6 ^ v10) << 20 | (v6 ^ v10) >>> 12;
    v2 = v2 + v6 + words[at + SIGMA[round + 5]] | 0;
    v14 = (v14 ^ v2) << 24 | (v14 ^ v2) >>> 8;
    v10 = v10 + v14 | 0;
    v6 = (v6 ^ v10) << 25 | (v6 ^ v10) >>> 7;
    v3 = v3 + v7 + words[at + SIGMA[round + 6]] | 0;
    v15 = (v15 ^ v3) << 16 | (v15 ^ v3) >>> 16;
    v11 = v11 + v15 | 0;
    v7 = (v7 ^ v11) << 20 | (v7 ^ v11) >>> 12;
    v3 = v3 + v7 + words[at + SIGMA[round + 7]] | 0;
    v15 = (v15 ^ v3) << 24 | (v15 ^ v3) >>> 8;
    v11 = v11 + v15 | 0;
    v7 = (v7 ^ v11) << 25 | (v7 ^ v11) >>> 7;
    // The four diagonals.
    v0 = v0 + v5 + words[at + SIGMA[round + 8]] | 0;
    v15 = (v15 ^ v0) << 16 | (v15 ^ v0) >>> 16;
    v10 = v10 + v15 | 0;
    v5 = (v5 ^ v10) << 20 | (v5 ^ v10) >>> 12;
    v0 = v0 + v5 + words[at + SIGMA[round + 9]] | 0;
    v15 = (v15 ^ v0) << 24 | (v15 ^ v0) >>> 8;
    v10 = v10 + v15 | 0;
    v5 = (v5 ^ v10) << 25 | (v5 ^ v10) >>> 7;
    v1 = v1 + v6 + words[at + SIGMA[round + 10]] | 0;
    v12 = (v12 ^ v1) << 16 | (v12 ^ v1) >>> 16;
    v11 = v11 + v12 | 0;
    v6 = (v6 ^ v11) << 20 | (v6 ^ v11) >>> 12;
    v1 = v1 + v6 + words[at + SIGMA[round + 11]] | 0;
    v12 = (v12 ^ v1) << 24 | (v12 ^ v1) >>> 8;
    v11 = v11 + v12 | 0;
    v6 = (v6 ^ v11) << 25 | (v6 ^ v11) >>> 7;
    v2 = v2 + v7 + words[at + SIGMA[round + 12]] | 0;
    v13 = (v13 ^ v2) << 16 | (v13 ^ v2) >>> 16;
    v8 = v8 + v13 | 0;
    v7 = (v7 ^ v8) << 20 | (v7 ^ v8) >>> 12;
    v2 = v2 + v7 + words[at + SIGMA[round + 13]] | 0;
    v13 = (v13 ^ v2) << 24 | (v13 ^ v2) >>> 8;
    v8 = v8 + v13 | 0;
    v7 = (v7 ^ v8) << 25 | (v7 ^ v8) >>> 7;
    v3 = v3 + v4 + words[at + SIGMA[round + 14]] | 0;
    v14 = (v14 ^ v3) << 16 | (v14 ^ v3) >>> 16;
    v9 = v9 + v14 | 0;
    v4 = (v4 ^ v9) << 20 | (v4 ^ v9) >>> 12;
    v3 = v3 + v4 + words[at + SIGMA[round + 15]] | 0;
    v14 = (v14 ^ v3) << 24 | (v14 ^ v3) >>> 8;
    v9 = v9 + v14 | 0;
    v4 = (v4 ^ v9) << 25 | (v4 ^ v9) >>> 7;
  }
  result[0] = state[0] ^ v0 ^ v8;
  result[1] = state[1] ^ v1 ^ v9;
  result[2] = state[2] ^ v2 ^ v10;
  result[3] = state[3] ^ v3 ^ v11;
  result[4] = state[4] ^ v4 ^ v12;
  result[5] = state[5] ^ v5 ^ v13;
  result[6] = state[6] ^ v6 ^ v14;
  result[7] = state[7] ^ v7 ^ v15;
}
