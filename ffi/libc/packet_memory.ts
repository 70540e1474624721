import { createSum, type Sum } from "../../core/packet/checksum.ts";
import { Arena } from "../../core/memory/arena.ts";

/** Bytes of a WebAssembly page (WebAssembly Core Specification section 4.2.8). */
const PAGE = 65536;

/**
 * Memory for the packet path: one WebAssembly memory that never grows, so that TypeScript, the checksum code and the
 * kernel all work on the same bytes at a fixed address. With the arena, the checksum over it, and pointers into it.
 */
export class PacketMemory {
  readonly arena: Arena;
  readonly sum: Sum;
  /** The memory itself, for WebAssembly code that works on packets. */
  readonly memory: WebAssembly.Memory;

  /** @param size bytes, rounded up to whole pages; only pages that are used take physical memory */
  constructor(size: number) {
    const pages = Math.ceil(size / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const start = Deno.UnsafePointer.of(new Uint8Array(memory.buffer));
    this.memory = memory;
    this.arena = new Arena(memory.buffer as ArrayBuffer, Number(Deno.UnsafePointer.value(start)));
    this.sum = createSum(memory);
  }

  /** The pointer to byte `offset`; made once when a loop is set up, not per packet. */
  pointer(offset: number): Deno.PointerValue {
    return Deno.UnsafePointer.create(BigInt(this.arena.address + offset));
  }
}
