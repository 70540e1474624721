import type { IpAddress } from "../net/address.ts";

/** The name of an address in the reverse tree: RFC 1035 section 3.5, RFC 3596 section 2.5. */
export function reverseName({ family, bytes }: IpAddress): string {
  const reversed = [...bytes].reverse();
  if (family === 4) return `${reversed.join(".")}.in-addr.arpa`;
  return `${
    reversed.flatMap((byte) => [byte & 15, byte >> 4]).map((half) => half.toString(16)).join(".")
  }.ip6.arpa`;
}
