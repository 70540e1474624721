/**
 * Waiting for any of a few descriptors: poll(2), the same on Linux and Darwin.
 *
 * @module
 */
import { openLibc, pick, POSIX } from "./libc.ts";
import type { PacketMemory } from "./packet_memory.ts";

/** `struct pollfd`: fd i32 @0, events i16 @4, revents i16 @6 (poll.h; sys/poll.h). */
const POLLFD_SIZE = 8;
const POLLIN = 1;

/** Waits until one of its descriptors can be read or has failed. */
export class Poller implements Disposable {
  readonly #library = openLibc(pick(POSIX, "poll"));
  readonly #pointer: Deno.PointerValue;
  readonly #i16: Int16Array;
  readonly #i32: Int32Array;
  readonly #entries: number;

  /** @param descriptors -1 where there is none yet */
  constructor(memory: PacketMemory, readonly descriptors: readonly number[]) {
    const { arena } = memory;
    this.#entries = arena.allocate(descriptors.length * POLLFD_SIZE, 8);
    this.#pointer = memory.pointer(this.#entries);
    this.#i16 = new Int16Array(arena.buffer);
    this.#i32 = arena.i32;
    descriptors.forEach((descriptor, index) => {
      const entry = this.#entries + index * POLLFD_SIZE;
      arena.i32[entry >> 2] = descriptor;
      this.#i16[(entry + 4) >> 1] = POLLIN;
    });
  }

  /** Watches another descriptor at `index`; -1: none. */
  replace(index: number, descriptor: number): void {
    const entry = this.#entries + index * POLLFD_SIZE;
    // poll(2) passes over negative ones, and reports nothing for them.
    this.#i32[entry >> 2] = descriptor;
    this.#i16[(entry + 6) >> 1] = 0;
  }

  /** Waits; an interrupted or timed-out wait leaves every descriptor not ready. */
  wait(milliseconds: number): void {
    const ready = this.#library.symbols.poll(this.#pointer, this.descriptors.length, milliseconds);
    if (ready > 0) return;
    for (let index = 0; index < this.descriptors.length; index++) {
      this.#i16[(this.#entries + index * POLLFD_SIZE + 6) >> 1] = 0;
    }
  }

  /** Whether the last wait found descriptor `index` readable, failed or closed: whatever it is, a read will tell. */
  isReady(index: number): boolean {
    return this.#i16[(this.#entries + index * POLLFD_SIZE + 6) >> 1] !== 0;
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}
