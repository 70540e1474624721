/**
 * Damages datagrams, frames and messages as a network or an attacker would: by bits, by lengths, by parts of others.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** Bytes of the longest input: the largest payload of UDP over IPv4 (RFC 768, RFC 791). */
export const MAX_INPUT = 65_507;
/** Octets at which parsers have borders: counts, versions, kinds, signs. */
const TELLING = [0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x20, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0xc0, 0xff];
/** The same for two octets. */
const TELLING_WORDS = [0, 1, 2, 0x14, 0x28, 0xff, 0x100, 0x578, 0x7fff, 0x8000, 0xfffe, 0xffff];
/** Changes of one input at most. */
const MAX_CHANGES = 6;

type Bytes = Uint8Array<ArrayBuffer>;

/** One change. It may change the bytes in place. */
type Change = (bytes: Bytes, random: Random, others: readonly Bytes[]) => Bytes;

const at = (bytes: Bytes, random: Random) => random.below(Math.max(1, bytes.length));

/** Replaces `removed` bytes from `from` on by others. */
function splice(bytes: Bytes, from: number, removed: number, inserted: Uint8Array): Bytes {
  const tail = bytes.subarray(Math.min(bytes.length, from + removed));
  const result = new Uint8Array(Math.min(bytes.length, from) + inserted.length + tail.length);
  result.set(bytes.subarray(0, from));
  result.set(inserted, Math.min(bytes.length, from));
  result.set(tail, result.length - tail.length);
  return result;
}

/** A part of the bytes. */
function part(bytes: Bytes, random: Random): Bytes {
  const from = at(bytes, random);
  return bytes.slice(from, from + 1 + random.below(Math.min(64, bytes.length)));
}

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[at(bytes, random)] ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[at(bytes, random)] = random.pick(TELLING);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[at(bytes, random)] += random.pick([1, -1, 4, -4, 16]);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length < 2) return bytes;
    const word = random.pick([...TELLING_WORDS, bytes.length, bytes.length - 1, bytes.length + 1]);
    const where = random.below(bytes.length - 1);
    const isLittle = random.oneIn(2);
    bytes[where] = isLittle ? word : word >>> 8;
    bytes[where + 1] = isLittle ? word >>> 8 : word;
    return bytes;
  },
  (bytes, random) => bytes.slice(0, at(bytes, random)),
  (bytes, random) => bytes.slice(at(bytes, random)),
  (bytes, random) => splice(bytes, at(bytes, random), 0, random.bytes(1 + random.below(16))),
  (bytes, random) => splice(bytes, bytes.length, 0, random.bytes(1 + random.below(64))),
  (bytes, random) => splice(bytes, at(bytes, random), 0, part(bytes, random)),
  (bytes, random) => splice(bytes, at(bytes, random), 1 + random.below(8), new Uint8Array()),
  (bytes, random) => {
    const from = at(bytes, random);
    bytes.fill(random.pick([0, 0xff, 0x41]), from, from + 1 + random.below(16));
    return bytes;
  },
  (bytes, random, others) => {
    const other = part(random.pick(others), random);
    return splice(bytes, at(bytes, random), random.oneIn(2) ? other.length : 0, other);
  },
  (bytes, random, others) => {
    const other = random.pick(others);
    return splice(bytes.slice(0, at(bytes, random)), MAX_INPUT, 0, other.subarray(at(other, random)));
  },
  (bytes, random) =>
    random.oneIn(32) ? splice(bytes, bytes.length, 0, random.bytes(1 << random.below(14))) : bytes,
];

/** Makes an input of the kept ones. */
export function mutateBytes(kept: readonly Bytes[], random: Random): Bytes {
  let bytes = random.pick(kept).slice();
  for (let count = random.below(MAX_CHANGES); count >= 0; count--) {
    bytes = random.pick(CHANGES)(bytes, random, kept);
  }
  return bytes.length > MAX_INPUT ? bytes.slice(0, MAX_INPUT) : bytes;
}
