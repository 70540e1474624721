/**
 * Probes: datagrams that find out whether a path carries something both ways, and how long that takes. The
 * end that gets a question sends an answer back on the same path (docs/internals/protocol.md).
 *
 * | offset | octets | |
 * |---|---|---|
 * | 0 | 1 | 02 |
 * | 1 | 1 | flags: 1 this is an answer, 2 the sender uses this path for packets |
 * | 2 | 2 | 0 |
 * | 4 | 4 | token, big endian: the answer has that of the question |
 *
 * An answer is as long as its question, so a forged source address makes no more of what was sent. It gets no
 * answer itself.
 *
 * @module
 */

/** First byte of a probe. */
export const PROBE = 0x02;
/** Bytes of a probe: type, flags, zeros (2), token (4). */
export const PROBE_LENGTH = 8;
/** Flag: the probe answers another one. */
export const PROBE_ANSWER = 1;
/** Flag: its sender uses this path for packets. */
export const PROBE_IN_USE = 2;

/** Writes a probe of {@linkcode PROBE_LENGTH} bytes. Only the low 32 bits of the token count. */
export function writeProbe(u8: Uint8Array, at: number, flags: number, token: number): void {
  u8[at] = PROBE;
  u8[at + 1] = flags;
  u8[at + 2] = 0;
  u8[at + 3] = 0;
  u8[at + 4] = token >>> 24;
  u8[at + 5] = token >>> 16;
  u8[at + 6] = token >>> 8;
  u8[at + 7] = token;
}

/**
 * Whether a datagram of `length` bytes is a probe. Its zeros are not read, and neither are flags of later
 * versions.
 */
export function isProbe(u8: Uint8Array, at: number, length: number): boolean {
  return length === PROBE_LENGTH && u8[at] === PROBE;
}

/** The flags of a probe. */
export function probeFlags(u8: Uint8Array, at: number): number {
  return u8[at + 1];
}

/** The token of a probe, as a signed 32-bit number. */
export function probeToken(u8: Uint8Array, at: number): number {
  return u8[at + 4] << 24 | u8[at + 5] << 16 | u8[at + 6] << 8 | u8[at + 7];
}
