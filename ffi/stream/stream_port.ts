import { IOVEC_SIZE } from "../../core/memory/arena.ts";
import { errno, prepareErrno, readErrno } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";

/** Result of a read or write: nothing can be read or written now. */
export const WOULD_WAIT = 0;
/** Result of a read or write: the stream has ended. */
export const STREAM_ENDED = -1;

/** The most iovecs of one call (IOV_MAX in limits.h of Linux, sys/syslimits.h of macOS). */
export const MAX_IOVECS = 1024;

/** Two non-blocking descriptors with the bytes of one stream each, in the Worker. No method throws or allocates. */
export class StreamPort implements Disposable {
  /** What is read and what is written: the same for a socket; -1: none. */
  input = -1;
  output = -1;
  /** The errno of the last {@linkcode STREAM_ENDED}; 0: the other end has closed it. */
  failure = 0;
  readonly #library = openLibc(pick(POSIX, "readv", "writev"));
  readonly #iovec: number;
  readonly #pointer: Deno.PointerValue;

  constructor(readonly memory: PacketMemory) {
    prepareErrno();
    this.#iovec = memory.arena.allocate(IOVEC_SIZE, 16);
    this.#pointer = memory.pointer(this.#iovec);
  }

  /** Takes other descriptors; -1: none. The old ones are the caller's to close. */
  open(input: number, output: number): void {
    this.input = input;
    this.output = output;
    this.failure = 0;
  }

  /** Reads at most `capacity` bytes to byte offset `at`; returns how many, {@linkcode WOULD_WAIT} or {@linkcode STREAM_ENDED}. */
  read(at: number, capacity: number): number {
    this.memory.arena.writeIovec(this.#iovec, at, capacity);
    const taken = this.#library.symbols.readv(this.input, this.#pointer, 1);
    if (taken > 0) return taken;
    return taken === 0 ? this.#end(0) : this.#judge();
  }

  /** Writes what the iovecs name; returns how many bytes were taken, {@linkcode WOULD_WAIT} or {@linkcode STREAM_ENDED}. */
  write(iovecs: Deno.PointerValue, count: number): number {
    const taken = this.#library.symbols.writev(this.output, iovecs, count);
    return taken >= 0 ? taken : this.#judge();
  }

  /** Writes `length` bytes from byte offset `at`; returns what {@linkcode write} does. */
  writeFrom(at: number, length: number): number {
    this.memory.arena.writeIovec(this.#iovec, at, length);
    return this.write(this.#pointer, 1);
  }

  #judge(): number {
    const number = readErrno();
    if (number === errno.EAGAIN || number === errno.EINTR || number === errno.ENOBUFS) return WOULD_WAIT;
    return this.#end(number);
  }

  #end(number: number): number {
    this.failure = number;
    return STREAM_ENDED;
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}
