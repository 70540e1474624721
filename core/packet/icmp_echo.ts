import { complement, fold } from "./checksum.ts";

const PROTOCOL_ICMP = 1;
const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;
const ICMP_HEADER = 8;

/** Types of ICMP messages that report an error about a packet: unreachable, time exceeded, parameter problem (RFC 1122 section 3.2.2). */
const ERRORS = [3, 11, 12];

/** Where the ICMP message of a whole IPv4 packet begins, counted from the packet; -1 when it has none or is a later fragment. */
function icmpOffset(u8: Uint8Array, at: number, length: number): number {
  if (u8[at + 9] !== PROTOCOL_ICMP || ((u8[at + 6] & 0x1f) | u8[at + 7]) !== 0) return -1;
  const header = (u8[at] & 15) << 2;
  return length >= header + ICMP_HEADER ? header : -1;
}

/** Whether a whole IPv4 packet is an ICMP report of an error. */
export function isIcmpError(u8: Uint8Array, at: number, length: number): boolean {
  const icmp = icmpOffset(u8, at, length);
  return icmp >= 0 && ERRORS.includes(u8[at + icmp]);
}

/**
 * Turns an echo request into the reply to it: addresses exchanged, type changed, checksum corrected (RFC 1624). Nothing else
 * changes, so a broken checksum stays broken.
 *
 * @param length bytes of the whole IPv4 packet at `at`
 * @returns false, with nothing changed, for any other packet, fragments among them
 */
export function answerEcho(u8: Uint8Array, at: number, length: number): boolean {
  const icmp = icmpOffset(u8, at, length);
  // More fragments follow: the reply could not be put together here.
  if (icmp < 0 || (u8[at + 6] & 0x20) !== 0 || u8[at + icmp] !== ECHO_REQUEST) return false;
  for (let octet = 12; octet < 16; octet++) {
    const source = u8[at + octet];
    u8[at + octet] = u8[at + octet + 4];
    u8[at + octet + 4] = source;
  }
  u8[at + icmp] = ECHO_REPLY;
  const checksum = u8[at + icmp + 2] << 8 | u8[at + icmp + 3];
  const corrected = complement(fold(complement(checksum) + complement(ECHO_REQUEST << 8)));
  u8[at + icmp + 2] = corrected >>> 8;
  u8[at + icmp + 3] = corrected & 0xff;
  return true;
}
