/**
 * Packets for the micro-benchmarks, and memory for them to lie in.
 *
 * @module
 */
import { createSum, fold, type Sum } from "../../core/packet/checksum.ts";
import { Arena } from "../../core/memory/arena.ts";
import { VIRTIO_GSO_TCP4, VIRTIO_NEEDS_CHECKSUM } from "../../core/offload/virtio.ts";

/** Octets of an IPv4 header, and of a TCP header with timestamps. */
export const HEADERS = 20 + 32;
/** Payload octets of a segment in a tunnel of MTU 1400. */
export const SEGMENT = 1400 - HEADERS;
/** Segments of a full TSO packet: what fits into 65,535 octets. */
export const SEGMENTS = Math.floor((65_535 - HEADERS) / SEGMENT);

/** An arena and the checksum over it. */
export interface Bench {
  readonly arena: Arena;
  readonly sum: Sum;
}

/** Memory of at least `size` bytes; the address is made up, since no system call sees it. */
export function openBench(size: number): Bench {
  const pages = Math.ceil(size / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return { arena: new Arena(memory.buffer as ArrayBuffer, 0x7f00_0000_0000), sum: createSum(memory) };
}

/** Fills bytes with noise: the same each time (Park and Miller's generator, 1988). */
export function fillWithNoise(bytes: Uint8Array): void {
  let state = 1;
  for (let index = 0; index < bytes.length; index++) {
    state = state * 48_271 % 0x7fff_ffff;
    bytes[index] = state & 0xff;
  }
}

/** A TCP/IPv4 packet of `payload` octets at a multiple of 4; its transport checksum is the pseudo-header's sum. */
export function writeTcpPacket({ arena, sum }: Bench, at: number, payload: number): number {
  const { u8 } = arena;
  const length = HEADERS + payload;
  const view = new DataView(arena.buffer, at, length);
  u8.fill(0, at, at + HEADERS);
  view.setUint16(0, 0x4500);
  view.setUint16(2, length);
  view.setUint16(6, 0x4000);
  view.setUint16(8, 0x4006);
  view.setUint32(12, 0xc0a8_fb02);
  view.setUint32(16, 0xac14_0002);
  view.setUint16(10, ~fold(sum(at, 20)) & 0xffff, true);
  view.setUint32(20, 0x9c40_1451);
  view.setUint32(24, 0x1234_5678);
  // Data offset 8 words, ACK; then two paddings and the timestamps option (RFC 7323).
  view.setUint16(32, 0x8010);
  view.setUint16(34, 512);
  view.setUint32(40, 0x0101_080a);
  fillWithNoise(u8.subarray(at + HEADERS, at + length));
  const pseudo = new Uint16Array([length - 20, 6]);
  const swapped = pseudo.reduce((total, word) => total + (word >>> 8 | (word & 0xff) << 8), 0);
  view.setUint16(36, fold(sum(at + 12, 8) + swapped), true);
  return length;
}

/** The virtio header of a TSO packet, at an even offset. */
export function writeVirtioTcp({ u8, u16 }: Arena, at: number): void {
  u8[at] = VIRTIO_NEEDS_CHECKSUM;
  u8[at + 1] = VIRTIO_GSO_TCP4;
  u16.set([HEADERS, SEGMENT, 20, 16], at / 2 + 1);
}
