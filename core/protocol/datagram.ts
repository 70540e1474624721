/**
 * What a v1 datagram is, told by its length and first octet (docs/protocol.md). A datagram that is exactly one IP packet
 * is a packet, whatever else goes on. A control text cut at the MTU may go on with a letter whose high half is 4 or 6; where
 * its next octets make up the datagram's length too, which takes an MTU above 8,224, the sender cuts elsewhere (control.ts).
 *
 * @module
 */

/** First octet of a client's hello and heartbeat, of a server's challenge, and of the answer to that. */
export const HEARTBEAT = 0x00;
/** First octet of a control (to a client), a login (to an exposed socket) or its reply. */
export const CONTROL = 0x01;
/** First octet of a description that a client of version 2 gives of itself, JSON text follows. */
export const DESCRIPTION = 0x03;
/** Octets of a plain heartbeat. */
export const HEARTBEAT_LENGTH = 1;
/** Octets of a heartbeat with proof: type, milliseconds since 1970 (8), truncated HMAC-SHA-256 (16). */
export const KEYED_HEARTBEAT_LENGTH = 25;
/** Octets of a challenge: type, challenge (16). Not more than a heartbeat with proof has, which it is the reply to. */
export const CHALLENGE_LENGTH = 17;
/** Octets of the answer to a challenge: type, challenge (16), truncated HMAC-SHA-256 (16). */
export const CHALLENGE_ANSWER_LENGTH = 33;
/** Largest description that is read; ours takes a few hundred octets. */
export const MAX_DESCRIPTION_LENGTH = 8192;

/** Whether a server takes this as a message, and from whom. */
export const enum ServerMessage {
  /** Not a message. */
  None,
  /** A heartbeat or the answer to a challenge: from anyone, the main thread judges it. */
  Heartbeat,
  /** A description: from the bound client only. */
  Description,
}

/** Classifies a datagram that is no packet, as a server sees it. */
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
