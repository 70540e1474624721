/**
 * A number for the address and port that a datagram came from, to look them up by.
 *
 * @module
 */

/**
 * Takes 32 more bits into a hash: the step of MurmurHash3 (x86, 32 bits). With a seed that strangers do not
 * know they cannot choose addresses that fall together with others.
 */
export function mixHash(hash: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul(mixed << 15 | mixed >>> 17, 0x1b873593);
  const sum = hash ^ mixed;
  return Math.imul(sum << 13 | sum >>> 19, 5) + 0xe6546b64 >>> 0;
}
