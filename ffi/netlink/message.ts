/**
 * Netlink messages as bytes: a header of 16 bytes {length u32, type u16, flags u16, sequence u32, port u32}, the
 * body of the message's family, then attributes {length u16, type u16, value}. Messages and attributes start on
 * 4-byte boundaries; a length counts its own header but not the padding (include/uapi/linux/netlink.h). Integers
 * are in host order, which is little-endian on every host that runs these programs.
 *
 * @module
 */

/** Bytes of a message header. */
export const HEADER_LENGTH = 16;

/** Bytes of an attribute header. */
const ATTRIBUTE_HEADER_LENGTH = 4;

/** NLA_TYPE_MASK: the two top bits of an attribute's type are flags (nested, network byte order). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** A typed value behind a message's body. */
export interface Attribute {
  /** Meaning of the value, such as RTA_DST. */
  readonly type: number;
  /** The value without header and padding. */
  readonly value: Uint8Array;
}

/** A request before it has a sequence number. */
export interface NetlinkRequest {
  /** Message type, such as RTM_NEWROUTE. */
  readonly type: number;
  /** NLM_F_* flags beside those that the socket sets by itself. */
  readonly flags: number;
  /** The family's fixed structure; its length is a multiple of 4. */
  readonly body: Uint8Array;
  /** What follows the body. */
  readonly attributes: readonly Attribute[];
}

/** A received message. */
export interface Message {
  /** Message type. */
  readonly type: number;
  /** NLM_F_* flags. */
  readonly flags: number;
  /** The sequence number of the request that it answers. */
  readonly sequence: number;
  /** Body and attributes: a view of the received bytes. */
  readonly payload: Uint8Array;
}

/** An attribute that holds an unsigned 32-bit integer. */
export function uint32Attribute(type: number, value: number): Attribute {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return { type, value: bytes };
}

/** An attribute that holds a NUL-terminated string. */
export function stringAttribute(type: number, text: string): Attribute {
  return { type, value: new TextEncoder().encode(`${text}\0`) };
}

/** The bytes of a request, padded to a multiple of 4. */
export function encodeMessage(
  request: NetlinkRequest,
  flags: number,
  sequence: number,
): Uint8Array<ArrayBuffer> {
  let length = HEADER_LENGTH + request.body.length;
  for (const { value } of request.attributes) length += ATTRIBUTE_HEADER_LENGTH + padded(value.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, request.type, true);
  view.setUint16(6, request.flags | flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(request.body, HEADER_LENGTH);
  let at = HEADER_LENGTH + request.body.length;
  for (const { type, value } of request.attributes) {
    view.setUint16(at, ATTRIBUTE_HEADER_LENGTH + value.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(value, at + ATTRIBUTE_HEADER_LENGTH);
    at += ATTRIBUTE_HEADER_LENGTH + padded(value.length);
  }
  return bytes;
}

/**
 * The messages of one received datagram.
 *
 * @throws {RangeError} when a length points outside the datagram
 */
export function parseMessages(datagram: Uint8Array): Message[] {
  const view = viewOf(datagram);
  const messages: Message[] = [];
  let at = 0;
  while (at < datagram.length) {
    const left = datagram.length - at;
    if (left < HEADER_LENGTH) throw new RangeError(`netlink message of ${left} bytes has no full header`);
    const length = view.getUint32(at, true);
    if (length < HEADER_LENGTH || length > left) {
      throw new RangeError(`netlink message claims ${length} bytes of ${left}`);
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: datagram.subarray(at + HEADER_LENGTH, at + length),
    });
    at += padded(length);
  }
  return messages;
}

/**
 * Attribute values by type; of a type that comes twice the last one counts. Values are views of the given bytes.
 *
 * @throws {RangeError} when a length points outside the bytes
 */
export function parseAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = viewOf(bytes);
  const attributes = new Map<number, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < ATTRIBUTE_HEADER_LENGTH) {
      throw new RangeError(`netlink attribute of ${left} bytes has no header`);
    }
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_LENGTH || length > left) {
      throw new RangeError(`netlink attribute claims ${length} bytes of ${left}`);
    }
    const type = view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER_LENGTH, at + length));
    at += padded(length);
  }
  return attributes;
}

/**
 * A message's fixed structure, as a view, and the attributes behind it.
 *
 * @throws {RangeError} when the payload is shorter than the structure or an attribute is malformed
 */
export function splitPayload(
  payload: Uint8Array,
  bodyLength: number,
): { body: DataView; attributes: Map<number, Uint8Array> } {
  if (payload.length < bodyLength) {
    throw new RangeError(`netlink payload of ${payload.length} bytes is shorter than ${bodyLength}`);
  }
  return {
    body: viewOf(payload.subarray(0, bodyLength)),
    attributes: parseAttributes(payload.subarray(bodyLength)),
  };
}

/** The unsigned 32-bit value of an attribute; undefined when it is absent or has another size. */
export function uint32Value(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? viewOf(value).getUint32(0, true) : undefined;
}

/** The text of an attribute up to its first NUL; undefined when it is absent. */
export function readString(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
