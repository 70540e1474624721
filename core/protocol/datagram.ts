/**
 * The kinds of v1 datagrams, by length and first byte (docs/internals/protocol.md). A datagram that is exactly one IP packet is always a
 * packet. A part of a control text may begin with a letter whose high half is 4 or 6. If its next bytes equal the datagram's
 * length too, which takes an MTU above 8,224, the sender splits the text elsewhere (control.ts).
 *
 * @module
 */

/** First byte of a client's hello and heartbeat, of a server's challenge, and of the answer to that. */
export const HEARTBEAT = 0x00;
/** First byte of a control (to a client), a login (to an exposed socket) or its reply. */
export const CONTROL = 0x01;
/** First byte of a description that a client of version 2 gives of itself, JSON text follows. */
export const DESCRIPTION = 0x03;
/** Bytes of a plain heartbeat. */
export const HEARTBEAT_LENGTH = 1;
/** Bytes of a heartbeat with proof: type, milliseconds since 1970 (8), truncated HMAC-SHA-256 (16). */
export const KEYED_HEARTBEAT_LENGTH = 25;
/** Bytes of a challenge: type, challenge (16). The heartbeat with proof that it replies to is longer. */
export const CHALLENGE_LENGTH = 17;
/** Bytes of the answer to a challenge: type, challenge (16), truncated HMAC-SHA-256 (16). */
export const CHALLENGE_ANSWER_LENGTH = 33;
/** Bytes of the largest description that is read; ours takes a few hundred. */
export const MAX_DESCRIPTION_LENGTH = 8192;

/** The kind of a message to a server, which decides from whom it is accepted. */
export const enum ServerMessage {
  /** Not a message. */
  None,
  /** A heartbeat or the answer to a challenge: from any sender, the main thread verifies it. */
  Heartbeat,
  /** A description: from the bound client only. */
  Description,
}

/** Classifies a datagram to a server that is not a packet. */
export function serverMessage(bytes: Uint8Array, offset: number, length: number): ServerMessage {
  if (length === 0) return ServerMessage.None;
  const type = bytes[offset];
  if (type === HEARTBEAT) {
    return length === HEARTBEAT_LENGTH || length === KEYED_HEARTBEAT_LENGTH ||
        length === CHALLENGE_ANSWER_LENGTH
      ? ServerMessage.Heartbeat
      : ServerMessage.None;
  }
  return type === DESCRIPTION && length <= MAX_DESCRIPTION_LENGTH
    ? ServerMessage.Description
    : ServerMessage.None;
}
