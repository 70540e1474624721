/**
 * A descriptor that makes a thread return from poll(2): the main thread signals, the Worker drains.
 * eventfd(2) on Linux, a pipe on macOS.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { O_CLOEXEC, O_NONBLOCK } from "./constants_linux.ts";
import { openLibc, pick, POSIX } from "./libc.ts";
import { LINUX } from "./libc_linux.ts";
import { prepareErrno } from "./errno.ts";
import { throwOnError } from "./system_error.ts";
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
  const library = openLibc(pick(LINUX, "eventfd"));
  try {
    // sys/eventfd.h: EFD_NONBLOCK and EFD_CLOEXEC have the numbers of the flags of open.
    const descriptor = throwOnError("eventfd", library.symbols.eventfd(0, O_NONBLOCK | O_CLOEXEC));
    return [descriptor, descriptor];
  } finally {
    library.close();
  }
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
