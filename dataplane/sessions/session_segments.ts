import { isLargeTcp } from "../../core/offload/large_packet.ts";
import { appendLargeSegments } from "../../core/offload/segment.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import {
  LARGE_HEADER,
  largeSegmentSize,
  largeTransport,
  largeType,
} from "../../core/protocol/stream_frame.ts";
import type { PacketMemory } from "../../ffi/libc/packet_memory.ts";
import type { EncryptBatch } from "./encrypt_batch.ts";

/** Segments of one large packet, and of some that follow. */
const CAPACITY = 512;

/** Cuts large packets for sessions, of which each takes no more than a datagram holds. */
export class SessionSegments {
  readonly #list: TxQueue;

  constructor(readonly memory: PacketMemory, readonly batch: EncryptBatch) {
    this.#list = new TxQueue(memory.arena, CAPACITY);
  }

  /**
   * Sends a large packet: its 8 octets at `large`, then the packet, which stays where it is until {@linkcode flush}.
   *
   * @param length bytes of all
   */
  cut(slot: number, large: number, length: number): void {
    const { arena: { u8 }, sum } = this.memory;
    const isTcp = isLargeTcp(largeType(u8, large));
    const transport = largeTransport(u8, large);
    const size = largeSegmentSize(u8, large);
    const packet = large + LARGE_HEADER;
    const list = this.#list;
    let first = list.count;
    let count = appendLargeSegments(list, sum, packet, length - LARGE_HEADER, transport, size, isTcp);
    if (count < 0 && first > 0) {
      this.flush();
      first = 0;
      count = appendLargeSegments(list, sum, packet, length - LARGE_HEADER, transport, size, isTcp);
    }
    for (let index = first; index < first + count; index++) this.batch.enqueueFrom(slot, list, index);
  }

  /** Sends what is cut. */
  flush(): void {
    if (this.#list.count === 0) return;
    this.batch.flush();
    this.#list.clear();
  }
}
