/**
 * Netlink messages as bytes: a header of 16 bytes {length u32, type u16, flags u16, sequence u32, port u32}, the
 * body of the message's family, then attributes {length u16, type u16, value}. Messages and attributes start on
 * 4-byte boundaries; a length counts its own header but not the padding (include/uapi/linux/netlink.h). Integers
 * are in host order, which is little-endian on every host that runs these programs.
 *
 * @module
 */

import type { IpAddress } from "../../core/net/address.ts";
import { AF_INET, AF_INET6 } from "../libc/constants_linux.ts";
import { cString, textFromC } from "../libc/libc.ts";

const HEADER_LENGTH = 16;
const ATTRIBUTE_HEADER_LENGTH = 4;
/** NLA_TYPE_MASK: the two top bits of an attribute's type are flags (nested, network byte order). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** A typed value behind a message's body, without header and padding. */
export interface Attribute {
  /** Meaning of the value, such as RTA_DST. */
  readonly type: number;
  readonly value: Uint8Array;
}

/** A request before it has a sequence number. */
export interface NetlinkRequest {
  /** Message type, such as RTM_NEWROUTE. */
  readonly type: number;
  /** NLM_F_* flags beside those that the socket sets by itself. */
  readonly flags?: number;
  /** The family's fixed structure; its length is a multiple of 4. */
  readonly body: Uint8Array;
  readonly attributes?: readonly Attribute[];
}

/** A received message. */
export interface Message {
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
  return { type, value: cString(text) };
}

/** The bytes of a request, padded to a multiple of 4. */
export function encodeMessage(
  { type, flags: own = 0, body, attributes = [] }: NetlinkRequest,
  flags: number,
  sequence: number,
): Uint8Array<ArrayBuffer> {
  const at = HEADER_LENGTH + body.length;
  const length = attributes.reduce(
    (sum, { value }) => sum + ATTRIBUTE_HEADER_LENGTH + padded(value.length),
    at,
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, own | flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, HEADER_LENGTH);
  bytes.set(encodeAttributes(attributes), at);
  return bytes;
}

/** Attributes one behind the other, each padded: those of a message, or of an attribute that holds others. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array<ArrayBuffer> {
  const lengthOf = ({ value }: Attribute) => ATTRIBUTE_HEADER_LENGTH + padded(value.length);
  const bytes = new Uint8Array(attributes.reduce((sum, attribute) => sum + lengthOf(attribute), 0));
  const view = viewOf(bytes);
  let at = 0;
  for (const attribute of attributes) {
    const { type, value } = attribute;
    view.setUint16(at, ATTRIBUTE_HEADER_LENGTH + value.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(value, at + ATTRIBUTE_HEADER_LENGTH);
    at += lengthOf(attribute);
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
  const lengthAt = (at: number) => view.getUint32(at, true);
  return Array.from(records("message", datagram.length, HEADER_LENGTH, lengthAt), ([at, end]) => ({
    type: view.getUint16(at + 4, true),
    flags: view.getUint16(at + 6, true),
    sequence: view.getUint32(at + 8, true),
    payload: datagram.subarray(at + HEADER_LENGTH, end),
  }));
}

/**
 * Attribute values by type; of a type that comes twice the last one counts. Values are views of the given bytes.
 *
 * @throws {RangeError} when a length points outside the bytes
 */
export function parseAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = viewOf(bytes);
  const lengthAt = (at: number) => view.getUint16(at, true);
  return new Map(
    Array.from(records("attribute", bytes.length, ATTRIBUTE_HEADER_LENGTH, lengthAt), ([at, end]) => [
      view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK,
      bytes.subarray(at + ATTRIBUTE_HEADER_LENGTH, end),
    ]),
  );
}

/** Start and end of each of the records that follow one another, each of which begins with its length. */
function* records(
  name: string,
  size: number,
  headerLength: number,
  lengthAt: (at: number) => number,
): Generator<[at: number, end: number]> {
  for (let at = 0; at < size;) {
    const left = size - at;
    if (left < headerLength) throw new RangeError(`netlink ${name} of ${left} bytes has no full header`);
    const length = lengthAt(at);
    if (length < headerLength || length > left) {
      throw new RangeError(`netlink ${name} claims ${length} bytes of ${left}`);
    }
    yield [at, at + length];
    at += padded(length);
  }
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
  const body = viewOf(payload.subarray(0, bodyLength));
  return { body, attributes: parseAttributes(payload.subarray(bodyLength)) };
}

/** The unsigned 32-bit value of an attribute; undefined when it is absent or has another size. */
export function uint32Value(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? viewOf(value).getUint32(0, true) : undefined;
}

/** An unsigned 64-bit value in an attribute, exact up to 2^53. */
export function uint64At(value: Uint8Array, offset: number): number {
  const view = viewOf(value);
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

/** The text of an attribute up to its first NUL; undefined when it is absent. */
export function readString(value: Uint8Array | undefined): string | undefined {
  return value && textFromC(value);
}

/** The kernel's number of an IP version. */
export function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** The family of the kernel's number; undefined for one that is not IP. */
export function familyOf(number: number): 4 | 6 | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}

export function addressLength(family: 4 | 6): number {
  return family === 4 ? 4 : 16;
}

/** The address in an attribute's value; undefined when it is absent or has another family's size. */
export function readAddress(family: 4 | 6, value: Uint8Array | undefined): IpAddress | undefined {
  return value?.length === addressLength(family) ? { family, bytes: value.slice() } : undefined;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
