/** Memory for the offload tests and the frames that lie in it. */
import { Buffer } from "node:buffer";
import { createSum, type Sum } from "../packet/checksum.ts";
import { Arena, IOVEC_SIZE } from "../memory/arena.ts";
import {
  concat,
  headerLength,
  ipHeaderLength,
  isIpv4,
  type PacketFields,
  packetOf,
  pseudoHeaderSum,
  writeUint16,
} from "./packets_fixture.ts";

/** An arena that knows its sum; its address lets the 64-bit additions carry. */
export function openArena(size: number): { readonly arena: Arena; readonly sum: Sum } {
  const pages = Math.ceil(size / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return { arena: new Arena(memory.buffer as ArrayBuffer, 0x7fab_ffff_8000), sum: createSum(memory) };
}

/** Where the iovec at `at` begins in the arena, and its bytes. */
export function readIovec(arena: Arena, at: number): { readonly offset: number; readonly length: number } {
  const view = new DataView(arena.buffer);
  return {
    offset: Number(view.getBigUint64(at, true)) - arena.address,
    length: Number(view.getBigUint64(at + 8, true)),
  };
}

/** What `count` iovecs from `at` on name, in one piece. */
export function gather(arena: Arena, at: number, count: number): Uint8Array {
  const pieces = Array.from({ length: count }, (_, index) => {
    const { offset, length } = readIovec(arena, at + index * IOVEC_SIZE);
    return arena.u8.subarray(offset, offset + length);
  });
  return concat(...pieces);
}

/** Bytes as hexadecimal text: long arrays compare slowly, and their differences are unreadable. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** struct virtio_net_hdr as numbers. */
export interface VirtioFields {
  readonly flags: number;
  readonly type: number;
  readonly headerLength: number;
  readonly size: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

export function virtioOf(bytes: Uint8Array): VirtioFields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
  return {
    flags: view.getUint8(0),
    type: view.getUint8(1),
    headerLength: view.getUint16(2, true),
    size: view.getUint16(4, true),
    checksumStart: view.getUint16(6, true),
    checksumOffset: view.getUint16(8, true),
  };
}

export function virtioBytes(fields: VirtioFields): Uint8Array {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, fields.flags);
  view.setUint8(1, fields.type);
  view.setUint16(2, fields.headerLength, true);
  view.setUint16(4, fields.size, true);
  view.setUint16(6, fields.checksumStart, true);
  view.setUint16(8, fields.checksumOffset, true);
  return bytes;
}

/** A frame as a device with offload exchanges it. */
export interface Frame {
  readonly virtio: VirtioFields;
  readonly packet: Uint8Array;
}

/** One large packet to be cut every `size` bytes of payload; its checksum field holds the pseudo-header sum. */
export function superFrame(fields: PacketFields, size: number): Frame {
  const packet = packetOf(fields);
  const transport = ipHeaderLength(fields);
  const isTcp = fields.tcp !== undefined;
  const checksumOffset = isTcp ? 16 : 6;
  const pseudo = pseudoHeaderSum(packet, isTcp ? 6 : 17, packet.length - transport);
  writeUint16(packet, transport + checksumOffset, pseudo);
  return {
    virtio: {
      flags: 1,
      type: isTcp ? (isIpv4(fields) ? 1 : 4) : 5,
      headerLength: headerLength(fields),
      size,
      checksumStart: transport,
      checksumOffset,
    },
    packet,
  };
}
