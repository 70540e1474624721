/**
 * Captured packets as a pcapng file, which tcpdump and Wireshark read (draft-ietf-opsawg-pcapng): one section with one interface,
 * whose packets are raw IP. Numbers are little-endian, as the byte-order magic says.
 *
 * ```
 * section header | interface description | packets... | interface statistics
 * block   u32 type | u32 its bytes | body, padded to 4 | u32 its bytes
 * option  u16 code | u16 bytes of the value | value, padded to 4
 * ```
 *
 * @module
 */

/** Raw IPv4 and IPv6 packets, told apart by their first four bits (tcpdump.org/linktypes.html). */
export const LINKTYPE_RAW = 101;

/** Block types (sections 4.1, 4.2, 4.3 and 4.6 of the draft). */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Option codes: those of the section header, of the interface description, of a packet and of the statistics. */
const USER_APPLICATION = 4;
const INTERFACE_NAME = 2;
const PACKET_FLAGS = 2;
const RECEIVED = 4;
const DROPPED = 5;

/** Flags of a packet, whose lowest two bits are its direction (section 4.3.1 of the draft). */
const INBOUND = 1;
const OUTBOUND = 2;

/** Type and both lengths of a block. */
const BLOCK_FRAME = 12;
/** Bytes of {@linkcode statisticsBlock}: frame, interface, time, two options of 8 bytes, the end of the options. */
export const STATISTICS_BYTES = 52;

/** What comes before the first packet. */
export interface FileFacts {
  /** The program that writes it, with its version. */
  readonly application: string;
  /** The interface that the file names. */
  readonly interfaceName: string;
  /** Bytes that are kept of each packet. */
  readonly snapLength: number;
}

/** How a capture went. */
export interface CaptureStatistics {
  /** Packets in the file. */
  readonly packets: number;
  /** Packets that were lost, since what writes them was too slow. */
  readonly dropped: number;
}

type Option = readonly [code: number, value: Uint8Array];

/** The beginning of a file. */
export function fileHeader({ application, interfaceName, snapLength }: FileFacts): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const version = [1, 0];
  const section = new Uint8Array(16);
  const view = new DataView(section.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  version.forEach((number, index) => view.setUint16(4 + 2 * index, number, true));
  // The section's length: not known yet.
  view.setBigInt64(8, -1n, true);
  const description = new Uint8Array(8);
  const fields = new DataView(description.buffer);
  fields.setUint16(0, LINKTYPE_RAW, true);
  fields.setUint32(4, snapLength, true);
  const blocks = [
    block(SECTION_HEADER, section, [[USER_APPLICATION, encoder.encode(application)]]),
    block(INTERFACE_DESCRIPTION, description, [[INTERFACE_NAME, encoder.encode(interfaceName)]]),
  ];
  const file = new Uint8Array(blocks.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of blocks) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** A packet to be written. */
export interface PacketFacts {
  /** Its first bytes. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole packet. */
  readonly length: number;
  /** Whether this side sent it. */
  readonly outbound: boolean;
  /** Milliseconds since 1970, with a fraction. */
  readonly time: number;
}

/** One packet. Times are microseconds, the unit of a description without another. */
export function packetBlock({ bytes, length, outbound, time }: PacketFacts): Uint8Array<ArrayBuffer> {
  const padded = pad(bytes.length);
  const total = BLOCK_FRAME + 20 + padded + 12;
  const result = new Uint8Array(total);
  const view = new DataView(result.buffer);
  view.setUint32(0, ENHANCED_PACKET, true);
  view.setUint32(4, total, true);
  writeTime(view, 12, time);
  view.setUint32(20, bytes.length, true);
  view.setUint32(24, length, true);
  result.set(bytes, 28);
  // The option of the flags, and after it four zeros: the end of the options.
  view.setUint16(28 + padded, PACKET_FLAGS, true);
  view.setUint16(30 + padded, 4, true);
  view.setUint32(32 + padded, outbound ? OUTBOUND : INBOUND, true);
  view.setUint32(total - 4, total, true);
  return result;
}

/** How the capture went, at its end; `time` is milliseconds since 1970. */
export function statisticsBlock(
  { packets, dropped }: CaptureStatistics,
  time: number,
): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(12);
  writeTime(new DataView(body.buffer), 4, time);
  return block(INTERFACE_STATISTICS, body, [[RECEIVED, count(packets)], [DROPPED, count(dropped)]]);
}

/** Reads the statistics that end a file; undefined where it does not end with them. */
export function readStatistics(file: Uint8Array): CaptureStatistics | undefined {
  if (file.length < STATISTICS_BYTES) return undefined;
  const view = new DataView(file.buffer, file.byteOffset + file.length - STATISTICS_BYTES, STATISTICS_BYTES);
  if (view.getUint32(0, true) !== INTERFACE_STATISTICS || view.getUint32(4, true) !== STATISTICS_BYTES) {
    return undefined;
  }
  return { packets: Number(view.getBigUint64(24, true)), dropped: Number(view.getBigUint64(36, true)) };
}

function count(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** A time is two words, the upper one first. */
function writeTime(view: DataView, at: number, milliseconds: number): void {
  const microseconds = Math.round(milliseconds * 1000);
  view.setUint32(at, Math.floor(microseconds / 0x1_0000_0000), true);
  view.setUint32(at + 4, microseconds % 0x1_0000_0000, true);
}

function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array<ArrayBuffer> {
  const optionBytes = options.reduce((total, [, value]) => total + 4 + pad(value.length), 4);
  const total = BLOCK_FRAME + body.length + optionBytes;
  const result = new Uint8Array(total);
  const view = new DataView(result.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, total, true);
  result.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    result.set(value, at + 4);
    at += 4 + pad(value.length);
  }
  view.setUint32(total - 4, total, true);
  return result;
}

function pad(length: number): number {
  return length + 3 & ~3;
}
