/** One TSO packet of a TCP flow cut into its segments, and the segments joined again. @module */
import { Coalescer } from "../../core/offload/coalesce.ts";
import { appendFrame } from "../../core/offload/segment.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { HEADERS, openBench, SEGMENT, SEGMENTS, writeTcpPacket, writeVirtioTcp } from "./packets.ts";

/** Distance of two received segments: a datagram begins where the kernel put it, here at a multiple of 4. */
const STRIDE = 1400;

const bench = openBench(1 << 20);
const { arena, sum } = bench;
const list = new TxQueue(arena, 256);
const virtio = arena.allocate(16, 16);
const packet = arena.allocate(65_536, 16);
const received = arena.allocate(SEGMENTS * STRIDE, 16);
const superLength = writeTcpPacket(bench, packet, SEGMENTS * SEGMENT);
writeVirtioTcp(arena, virtio);

function segment(): void {
  list.clear();
  const count = appendFrame(list, sum, virtio, packet, superLength);
  if (count !== SEGMENTS) throw new Error(`Cut into ${count}, not ${SEGMENTS}`);
}

/** Lays the segments out as they would be received. */
function layOutSegments(): void {
  segment();
  for (let index = 0; index < SEGMENTS; index++) {
    const header = list.headers[index] ?? 0;
    const at = received + index * STRIDE;
    arena.u8.copyWithin(at, header, header + HEADERS);
    const payload = packet + HEADERS + index * SEGMENT;
    arena.u8.copyWithin(at + HEADERS, payload, payload + SEGMENT);
  }
}

let written = 0;
const coalescer = new Coalescer(arena, sum, { tcp: true, udp: true }, (_iovecs, _count, packets) => {
  written = packets;
});
layOutSegments();
const firstHeader = arena.u8.slice(received, received + HEADERS);

function coalesce(): void {
  // Joining rewrites the first header, so each run begins with it as it came.
  arena.u8.set(firstHeader, received);
  for (let index = 0; index < SEGMENTS; index++) coalescer.push(received + index * STRIDE, STRIDE);
  coalescer.flush();
  if (written !== SEGMENTS) throw new Error(`Joined ${written}, not ${SEGMENTS}`);
}

Deno.bench({ name: `segmentation: ${SEGMENTS} segments of one TCP packet`, fn: segment });
Deno.bench({ name: `coalescing: ${SEGMENTS} segments into one TCP packet`, fn: coalesce });
