/**
 * A descriptor that makes a thread return from poll(2): the main thread signals, the Worker clears. eventfd(2) on Linux,
 * a pipe on macOS.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { libcPath } from "./libc_path.ts";
import { prepareErrno, readErrno } from "./errno.ts";
import { SystemError } from "./system_error.ts";
import { openDarwinPipe } from "./waker_darwin.ts";

/** The signalling side. */
export interface Waker extends Disposable {
  /** What the other thread polls. */
  readonly descriptor: number;
  /** Makes `descriptor` readable. */
  signal(): void;
  /** Closes both ends; the other thread has stopped polling. */
  close(): void;
}

const descriptorSymbols = {
  // ssize_t read(int fd, void *data, size_t length);
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // ssize_t write(int fd, const void *data, size_t length);
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** sys/eventfd.h: non-blocking, closed in children. */
const EFD_FLAGS = 0x800 | 0x80000;
/** What one signal writes: eventfd takes exactly a u64; a pipe takes any octets. */
const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Opens a wake descriptor.
 *
 * @throws {SystemError}
 */
export function openWaker(): Waker {
  prepareErrno();
  const [readEnd, writeEnd] = platform.os === "darwin" ? openDarwinPipe() : openEvent();
  const library = Deno.dlopen(libcPath, descriptorSymbols);
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
  using library = disposable(Deno.dlopen(libcPath, {
    // int eventfd(unsigned int initial, int flags);
    eventfd: { parameters: ["u32", "i32"], result: "i32" },
  }));
  const descriptor = library.symbols.eventfd(0, EFD_FLAGS);
  if (descriptor < 0) throw new SystemError("eventfd", readErrno());
  return [descriptor, descriptor];
}

function disposable<T extends { close(): void }>(library: T): T & Disposable {
  return Object.assign(library, { [Symbol.dispose]: () => library.close() });
}

/** The polling side, in the other thread. */
export class WakeListener implements Disposable {
  readonly #library = Deno.dlopen(libcPath, descriptorSymbols);
  readonly #room = new Uint8Array(64);

  constructor(readonly descriptor: number) {}

  /** Takes the signals; called only when the descriptor is ready. */
  drain(): void {
    this.#library.symbols.read(this.descriptor, this.#room, this.#room.length);
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}
