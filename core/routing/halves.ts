import { maskPrefix, type Prefix } from "../net/prefix.ts";

/**
 * Splits a prefix into its two halves, host bits clear. As routes they win over one of the whole prefix by their length, whatever
 * program made that and whatever its metric is.
 *
 * @returns undefined for a single address, which has no halves
 */
export function halvesOf(prefix: Prefix): readonly [Prefix, Prefix] | undefined {
  const { address: { family, bytes }, length } = maskPrefix(prefix);
  if (length >= bytes.length * 8) return undefined;
  const half = (isUpper: boolean): Prefix => {
    const octets = bytes.map((octet, index) =>
      isUpper && index === length >> 3 ? octet | 0x80 >> (length & 7) : octet
    );
    return { address: { family, bytes: octets }, length: length + 1 };
  };
  return [half(false), half(true)];
}
