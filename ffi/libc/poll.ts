/**
 * How a thread waits for descriptors, and is woken: poll(2), the same on Linux and Darwin, and a descriptor that makes it return,
 * which the main thread signals and the Worker drains: eventfd(2) on Linux, a pipe on macOS.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { O_CLOEXEC, O_NONBLOCK } from "./constants_linux.ts";
import { openDarwinPipe } from "./descriptor_darwin.ts";
import { prepareErrno, throwOnError } from "./errno.ts";
import { openLibc, pick, POSIX } from "./libc.ts";
import { LINUX } from "./libc_linux.ts";
import type { PacketMemory } from "./packet_memory.ts";

/** `struct pollfd`: fd i32 @0, events i16 @4, revents i16 @6 (poll.h; sys/poll.h). */
const POLLFD_SIZE = 8;
/** What a descriptor is watched for: that it can be read (POLLIN), or written (POLLOUT). */
export const READABLE = 1;
export const WRITABLE = 4;

/** Waits until one of its descriptors can be read or written, or has failed. */
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
    descriptors.forEach((descriptor, index) => this.replace(index, descriptor));
  }

  /** Where the found events of descriptor `index` stand, in words of 16 bits. */
  #found(index: number): number {
    return (this.#entries + index * POLLFD_SIZE + 6) >> 1;
  }

  /** Watches another descriptor at `index`; -1: none. */
  replace(index: number, descriptor: number, event = READABLE): void {
    // poll(2) passes over negative ones, and reports nothing for them.
    this.#i32[(this.#entries + index * POLLFD_SIZE) >> 2] = descriptor;
    this.#i16[this.#found(index) - 1] = event;
    this.#i16[this.#found(index)] = 0;
  }

  /** Waits; an interrupted or timed-out wait leaves every descriptor not ready. */
  wait(milliseconds: number): void {
    const { length } = this.descriptors;
    if (this.#library.symbols.poll(this.#pointer, length, milliseconds) > 0) return;
    for (let index = 0; index < length; index++) this.#i16[this.#found(index)] = 0;
  }

  /** Whether the last wait found descriptor `index` ready, failed or closed: whatever it is, a read or write will tell. */
  isReady(index: number): boolean {
    return this.#i16[this.#found(index)] !== 0;
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}

/** The signalling side. */
export interface Waker extends Disposable {
  /** What the other thread polls. */
  readonly descriptor: number;
  /** Makes `descriptor` readable. */
  signal(): void;
  /** Closes both ends; the other thread has stopped polling. */
  close(): void;
}

/** The bytes of one signal: eventfd needs exactly a u64; a pipe accepts any bytes. */
const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Opens a wake descriptor.
 *
 * @throws {SystemError}
 */
export function openWaker(): Waker {
  prepareErrno();
  const [readEnd, writeEnd] = platform.os === "darwin" ? openDarwinPipe() : openEvent();
  const library = openLibc(pick(POSIX, "write", "close"));
  const close = () => {
    library.symbols.close(readEnd);
    if (writeEnd !== readEnd) library.symbols.close(writeEnd);
    library.close();
  };
  return {
    descriptor: readEnd,
    signal: () => void library.symbols.write(writeEnd, ONE, ONE.length),
    close,
    [Symbol.dispose]: close,
  };
}

function openEvent(): [number, number] {
  using library = openLibc(pick(LINUX, "eventfd"));
  // sys/eventfd.h: EFD_NONBLOCK and EFD_CLOEXEC have the numbers of the flags of open.
  const descriptor = throwOnError("eventfd", library.symbols.eventfd(0, O_NONBLOCK | O_CLOEXEC));
  return [descriptor, descriptor];
}

/** The polling side, in the other thread. */
export class WakeListener implements Disposable {
  readonly #library = openLibc(pick(POSIX, "read"));
  readonly #room = new Uint8Array(64);

  constructor(readonly descriptor: number) {}

  /** Reads the signals away; called only when the descriptor is ready. */
  drain(): void {
    this.#library.symbols.read(this.descriptor, this.#room, this.#room.length);
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}
