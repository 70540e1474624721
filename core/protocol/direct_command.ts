/**
 * The command of a control text that concerns the direct path (docs/internals/protocol.md): `direct off`, or
 * `direct KEY [via ADDRESS]`, where KEY is "key" or 64 hexadecimal digits.
 *
 * @module
 */
import { formatAddress, type IpAddress, parseAddress } from "../net/address.ts";

/** What the server says of the direct path. */
export interface DirectTerms {
  /** The secret that both prove, 64 hexadecimal digits; undefined: the key of the heartbeats. */
  readonly secret: string | undefined;
  /** The desktop's own address on the link, while its packets come by it; undefined: they come through the tunnel. */
  readonly via: IpAddress | undefined;
}

const SECRET = /^[0-9a-f]{64}$/;
const OWN_KEY = "key";

/** Makes the command; undefined for "off". */
export function formatDirect(terms: DirectTerms | undefined): string {
  if (terms === undefined) return "direct off";
  const { secret = OWN_KEY, via } = terms;
  return via === undefined ? `direct ${secret}` : `direct ${secret} via ${formatAddress(via)}`;
}

/** Reads the words behind `direct`; undefined when they make no sense. */
export function parseDirect(
  words: readonly string[],
): { readonly terms: DirectTerms | undefined } | undefined {
  const [key = "", by, address, ...rest] = words;
  if (words.length === 1 && key === "off") return { terms: undefined };
  if (rest.length > 0 || (key !== OWN_KEY && !SECRET.test(key))) return undefined;
  const secret = key === OWN_KEY ? undefined : key;
  if (by === undefined) return { terms: { secret, via: undefined } };
  const via = by === "via" && address !== undefined ? parseAddress(address) : undefined;
  return via?.family === 4 ? { terms: { secret, via } } : undefined;
}
