/** Bytes that iptables compares at most (XT_STRING_MAX_PATTERN_SIZE of linux/netfilter/xt_string.h). */
const MAX_PATTERN_LENGTH = 128;

/**
 * Makes the bytes by which queries for names with an ending are recognised: the ending in the form of the wire, where each label
 * follows its length (RFC 1035 section 3.1), with the zero that ends each name. Without a leading dot the first label may be the
 * end of a longer one, as with mac-docker-connector.
 *
 * @param ending a name in lower case, with a leading dot or without
 * @returns hexadecimal digits, two a byte
 */
export function redirectPattern(ending: string): string {
  const [first = "", ...labels] = ending.split(".");
  const bytes = [
    ...new TextEncoder().encode(first),
    ...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
    0,
  ];
  return bytes.slice(-MAX_PATTERN_LENGTH).map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
