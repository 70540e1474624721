/**
 * The Internet checksum (RFC 1071) over packets in the arena.
 *
 * Sums here are of 16-bit words read in little-endian order. A ones' complement sum does not depend on the byte order
 * (RFC 1071 section 2 (B)) as long as one order is kept, so a field is stored as it was summed; numbers that are not
 * in memory yet, such as a length, go through {@linkcode swap16} first.
 *
 * @module
 */
import { sumWasm } from "./checksum_wasm.ts";

/** The ones' complement sum of `length` bytes at byte offset `offset`, folded once: 0 to 0x1fffe. */
export type Sum = (offset: number, length: number) => number;

/** Builds the sum over a memory; the code runs 16 bytes a step at any alignment (checksum.wat). */
export function createSum(memory: WebAssembly.Memory): Sum {
  const binary = Uint8Array.from(atob(sumWasm), (character) => character.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), { packet: { memory } });
  return instance.exports.sum as Sum;
}

/** Folds a sum below 2^32 to 16 bits, with the carries added back in. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** What takes a 16-bit number out of a ones' complement sum when it is added; of a folded sum, the checksum. */
export function complement(value: number): number {
  return ~value & 0xffff;
}

/** Exchanges the two bytes of a 16-bit number. */
export function swap16(value: number): number {
  return (value & 0xff) << 8 | value >>> 8;
}
