import { complement, fold } from "./checksum.ts";

/** An answer to an echo request. */
export interface EchoReply {
  /** That of the request. */
  readonly sequence: number;
  /** Bytes of the ICMP message. */
  readonly length: number;
}

/** Bytes before the data of an echo message: type, code, checksum, identifier, sequence number (RFC 792, RFC 4443 section 4.1). */
export const ECHO_HEADER = 8;
/** Types of an echo request and of its reply, by IP version (RFC 792; RFC 4443 sections 4.1 and 4.2). */
const TYPES = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;

/**
 * Makes an ICMP echo request. The checksum of IPv6, which covers the addresses, is left to the kernel (RFC 3542 section 3.1).
 *
 * @param identifier and `sequence` 16 bits each
 * @param data comes back in the reply
 */
export function encodeEchoRequest(
  family: 4 | 6,
  identifier: number,
  sequence: number,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(ECHO_HEADER + data.length);
  const view = new DataView(message.buffer);
  message[0] = TYPES[family].request;
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  message.set(data, ECHO_HEADER);
  if (family === 4) view.setUint16(2, checksumOf(message));
  return message;
}

/**
 * Reads an ICMP echo reply.
 *
 * @param message the ICMP message; with IPv4 it may stand behind its IP header, as raw sockets give it
 * @param identifier that of the request; undefined where the system has chosen it, and gives no other's replies
 * @param data what that of the request begins with
 * @returns undefined for anything else
 */
export function readEchoReply(
  family: 4 | 6,
  message: Uint8Array,
  identifier: number | undefined,
  data: Uint8Array,
): EchoReply | undefined {
  // An ICMP message that begins with 4 in its upper half would be of type 64 to 79, none of which is in use.
  const isBehindHeader = family === 4 && (message[0] ?? 0) >>> 4 === 4;
  const icmp = isBehindHeader ? message.subarray(((message[0] ?? 0) & 15) << 2) : message;
  if (icmp.length < ECHO_HEADER + data.length || icmp[0] !== TYPES[family].reply || icmp[1] !== 0) {
    return undefined;
  }
  const view = new DataView(icmp.buffer, icmp.byteOffset, icmp.byteLength);
  if (identifier !== undefined && view.getUint16(4) !== identifier) return undefined;
  if (!data.every((byte, index) => icmp[ECHO_HEADER + index] === byte)) return undefined;
  return { sequence: view.getUint16(6), length: icmp.length };
}

/** The Internet checksum of a message whose checksum field is 0 (RFC 1071). */
function checksumOf(message: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < message.length; at += 2) sum += (message[at] ?? 0) << 8 | (message[at + 1] ?? 0);
  return complement(fold(sum));
}
