/**
 * Source routing: a packet that names hosts on its way goes elsewhere than its destination says, past any
 * filter of destinations.
 *
 * @module
 */
import { IPV4_HEADER } from "../packet/ip.ts";

/**
 * Option types (RFC 791 section 3.1): end of the list, no operation, loose and strict source and record
 * route.
 */
const END = 0;
const NO_OPERATION = 1;
const LOOSE_SOURCE_ROUTE = 131;
const STRICT_SOURCE_ROUTE = 137;

/**
 * Whether the IPv4 packet at `at` has a source route; the caller has checked the packet. Options that end
 * badly count as one.
 */
export function hasSourceRoute(bytes: Uint8Array, at: number): boolean {
  const length = (bytes[at] & 15) << 2;
  if (length === IPV4_HEADER) return false;
  const end = at + length;
  for (let option = at + IPV4_HEADER; option < end;) {
    const type = bytes[option];
    if (type === END) return false;
    if (type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE) return true;
    if (type === NO_OPERATION) option++;
    else {
      const size = option + 1 < end ? bytes[option + 1] : 0;
      if (size < 2 || option + size > end) return true;
      option += size;
    }
  }
  return false;
}
