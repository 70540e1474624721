/**
 * The window of received counters (RFC 6479), on slices of one big array for thousands of sessions. For the
 * packet path: nothing is allocated, and a counter is a plain number below 2^53.
 *
 * | word of a slice | |
 * |---|---|
 * | 0, 1 | one more than the highest accepted counter, high and low half; 0: none yet |
 * | 2 ... 257 | 8192 bits, one per counter, used as a ring |
 *
 * The ring moves on by whole words, so a counter up to 8160 behind the highest is still told from a replayed
 * one; the whitepaper asks for about 2000 (section 5.4.6).
 *
 * @module
 */

/** Bits and words of the ring, and where in the slice it begins. */
const BITS = 8192;
const WORDS = BITS / 32;
const RING = 2;

/** Words of a slice. Zeroed, it is the window of a new session. */
export const REPLAY_WINDOW_WORDS: number = RING + WORDS;
/** How far behind the highest accepted counter one may be: one word of the ring is being cleared. */
export const REPLAY_WINDOW: number = BITS - 32;

/**
 * Whether a counter could be accepted. To be asked before the packet is opened, so that replays cost no
 * cryptography.
 *
 * @param words the array of all windows
 * @param base first word of the session's slice
 * @param counter an integer from 0 to 2^53 - 1
 */
export function validateCounter(words: Uint32Array, base: number, counter: number): boolean {
  const next = words[base] * 0x1_0000_0000 + words[base + 1];
  if (counter >= next) return true;
  if (next - counter > REPLAY_WINDOW) return false;
  const bit = counter % BITS;
  return (words[base + RING + (bit >>> 5)] >>> (bit & 31) & 1) === 0;
}

/**
 * Accepts a counter, once the packet is known to be genuine.
 *
 * @returns false, with nothing changed, if it was accepted before or is too old
 */
export function commitCounter(words: Uint32Array, base: number, counter: number): boolean {
  const next = words[base] * 0x1_0000_0000 + words[base + 1];
  const bit = counter % BITS;
  const at = base + RING + (bit >>> 5);
  const mask = 1 << (bit & 31);
  if (counter >= next) {
    if (next > 0) clearBetween(words, base + RING, next - 1, counter);
    words[base] = (counter + 1) / 0x1_0000_0000;
    words[base + 1] = counter + 1;
  } else if (next - counter > REPLAY_WINDOW || (words[at] & mask) !== 0) {
    return false;
  }
  words[at] |= mask;
  return true;
}

/** Clears the words that come into use as the highest counter goes from `from` to `to`. */
function clearBetween(words: Uint32Array, ring: number, from: number, to: number): void {
  const first = Math.floor(from / 32);
  const count = Math.min(Math.floor(to / 32) - first, WORDS);
  let word = first % WORDS;
  for (let index = 0; index < count; index++) {
    word = word + 1 & WORDS - 1;
    words[ring + word] = 0;
  }
}
