import { addressToUint32 } from "../net/address.ts";
import { maskPrefix, type Prefix } from "../net/prefix.ts";

/**
 * The ranges that prefixes cover: first and last address of each, as unsigned 32-bit numbers, in order, none
 * overlapping or touching the next. IPv6 prefixes are left out.
 */
export function ipv4Ranges(prefixes: readonly Prefix[]): Uint32Array<ArrayBuffer> {
  const ranges = prefixes.filter(({ address }) => address.family === 4).map((prefix) => {
    const first = addressToUint32(maskPrefix(prefix).address);
    return [first, first + 2 ** (32 - prefix.length) - 1] as const;
  }).sort(([a], [b]) => a - b);
  const merged: number[] = [];
  for (const [first, last] of ranges) {
    const end = merged.at(-1);
    if (end !== undefined && first <= end + 1) merged[merged.length - 1] = Math.max(end, last);
    else merged.push(first, last);
  }
  return Uint32Array.from(merged);
}

/** The addresses that lie in any of some prefixes, asked for each packet: a look-up halves the ranges. */
export class Ipv4Set {
  #ranges = new Uint32Array();
  /** The range that was hit last, since packets come in rows. */
  #first = 1;
  #last = 0;

  /** Makes it another set: of the ranges that {@linkcode ipv4Ranges} makes. */
  replace(ranges: Uint32Array<ArrayBuffer>): void {
    this.#ranges = ranges;
    this.#first = 1;
    this.#last = 0;
  }

  /** Whether an address, as an unsigned 32-bit number, is in the set. */
  has(address: number): boolean {
    if (address >= this.#first && address <= this.#last) return true;
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (address < ranges[middle * 2]) high = middle;
      else if (address > ranges[middle * 2 + 1]) low = middle + 1;
      else {
        this.#first = ranges[middle * 2];
        this.#last = ranges[middle * 2 + 1];
        return true;
      }
    }
    return false;
  }
}
