/**
 * The four WireGuard messages (whitepaper section 5.4). Numbers are little endian; each message begins with
 * its type in one byte and three bytes of zero.
 *
 * | handshake initiation, 148 bytes | offset | | handshake response, 92 bytes | offset |
 * |---|---|---|---|---|
 * | sender's index, u32 | 4 | | sender's index, u32 | 4 |
 * | ephemeral public key, 32 | 8 | | receiver's index, u32 | 8 |
 * | static public key, sealed, 48 | 40 | | ephemeral public key, 32 | 12 |
 * | TAI64N timestamp, sealed, 28 | 88 | | nothing, sealed, 16 | 44 |
 * | mac1, 16 | 116 | | mac1, 16 | 60 |
 * | mac2, 16 | 132 | | mac2, 16 | 76 |
 *
 * | cookie reply, 64 bytes | offset | | transport, 32 bytes or more | offset |
 * |---|---|---|---|---|
 * | receiver's index, u32 | 4 | | receiver's index, u32 | 4 |
 * | nonce, 24 | 8 | | counter, u64 | 8 |
 * | cookie, sealed, 32 | 32 | | packet, sealed, 16 more than its length | 16 |
 *
 * @module
 */

/** No message of WireGuard. */
export const NOT_WIREGUARD = 0;
/** Type of a handshake initiation. */
export const INITIATION = 1;
/** Type of a handshake response. */
export const RESPONSE = 2;
/** Type of a cookie reply. */
export const COOKIE_REPLY = 3;
/** Type of a transport message. */
export const TRANSPORT = 4;

/** What {@linkcode classifyMessage} tells apart. */
export type MessageType = 0 | 1 | 2 | 3 | 4;

/** Bytes of a handshake initiation. */
export const INITIATION_LENGTH = 148;
/** Bytes of a handshake response. */
export const RESPONSE_LENGTH = 92;
/** Bytes of a cookie reply. */
export const COOKIE_REPLY_LENGTH = 64;
/** Bytes of a transport message before its sealed packet. */
export const TRANSPORT_HEADER = 16;
/** Bytes of the tag at the end of everything sealed (Poly1305). */
export const TAG_LENGTH = 16;
/** Bytes of a transport message without a packet, which is a keepalive. */
const KEEPALIVE_LENGTH = TRANSPORT_HEADER + TAG_LENGTH;
/** Bytes of mac1 and of mac2, which end an initiation and a response. */
export const MAC_LENGTH = 16;
/** Bytes of a public, private or preshared key. */
export const KEY_LENGTH = 32;

/** Where the fields of a handshake initiation are. */
export const INITIATION_FIELDS = { sender: 4, ephemeral: 8, static: 40, timestamp: 88, mac1: 116 } as const;
/** Where the fields of a handshake response are. */
export const RESPONSE_FIELDS = { sender: 4, receiver: 8, ephemeral: 12, empty: 44, mac1: 60 } as const;
/** Where the fields of a cookie reply are. */
export const COOKIE_REPLY_FIELDS = { receiver: 4, nonce: 8, cookie: 32 } as const;
/** Where the fields of a transport message are. */
export const TRANSPORT_FIELDS = { receiver: 4, counter: 8, packet: TRANSPORT_HEADER } as const;

/**
 * Tells the message at `offset` by length and type; no byte past `length` is read. For the packet path.
 *
 * @param length bytes of the datagram
 * @returns its type, or {@linkcode NOT_WIREGUARD}
 */
export function classifyMessage(bytes: Uint8Array, offset: number, length: number): MessageType {
  if (length < KEEPALIVE_LENGTH) return NOT_WIREGUARD;
  if ((bytes[offset + 1] | bytes[offset + 2] | bytes[offset + 3]) !== 0) return NOT_WIREGUARD;
  switch (bytes[offset]) {
    case TRANSPORT:
      return TRANSPORT;
    case INITIATION:
      return length === INITIATION_LENGTH ? INITIATION : NOT_WIREGUARD;
    case RESPONSE:
      return length === RESPONSE_LENGTH ? RESPONSE : NOT_WIREGUARD;
    case COOKIE_REPLY:
      return length === COOKIE_REPLY_LENGTH ? COOKIE_REPLY : NOT_WIREGUARD;
    default:
      return NOT_WIREGUARD;
  }
}

/** The u32 at `offset`, little endian. The caller has checked the length. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] | bytes[offset + 1] << 8 | bytes[offset + 2] << 16 | bytes[offset + 3] << 24) >>> 0;
}

/** Writes a u32 at `offset`, little endian. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** The index by which a response, a cookie reply or a transport message names its receiver's session or handshake. */
export function receiverIndex(message: Uint8Array): number {
  return readUint32(message, message[0] === RESPONSE ? RESPONSE_FIELDS.receiver : TRANSPORT_FIELDS.receiver);
}
