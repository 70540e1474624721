/**
 * Settings of descriptors on macOS, most of them by `ioctl`.
 *
 * `ioctl` is variadic: Apple's arm64 passes variadic arguments on the stack, x86_64 in registers like any
 * other ("Writing ARM64 code for Apple platforms"). A call of fixed arity that puts the argument in the wrong place may
 * succeed and write anywhere. So the stub `__ioctl` below it, which is not variadic, comes first, and the function itself
 * only where the stub is missing, in the form of the processor.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { FIOCLEX, FIONBIO, SO_NOSIGPIPE, SOL_SOCKET } from "./constants_darwin.ts";
import { SystemError } from "./errno.ts";
import { type DarwinLibc, type DarwinSystem, darwinSystem } from "./libc_darwin.ts";

/** Some 15 ms of traffic at 2 Gbit/s; kern.ipc.maxsockbuf allows 8 MiB unless the Mac has little memory. */
const BUFFER_WANTED = 4 << 20;
/** The longest datagram and what the kernel keeps beside it: a smaller send buffer refuses it with EMSGSIZE. */
const BUFFER_NEEDED = 65536 + 4096;

/**
 * Makes a request of a descriptor.
 *
 * @param argument what the request takes; null: nothing
 * @param arch the processor in use unless a test gives another
 * @returns -1 with errno set when it was refused; also -1 where there is no way to ask
 */
export function control(
  libc: DarwinLibc,
  descriptor: number,
  request: bigint,
  argument: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | null,
  arch: "aarch64" | "x86_64" = platform.arch,
): number {
  if (libc.__ioctl !== null) return libc.__ioctl(descriptor, request, argument);
  if (arch === "x86_64") return libc.ioctl?.(descriptor, request, argument) ?? -1;
  return libc.ioctlOnStack?.(descriptor, request, 0n, 0n, 0n, 0n, 0n, 0n, argument) ?? -1;
}

/** Closes the descriptor in children; false when the system refuses. */
export function closeOnExec(libc: DarwinLibc, descriptor: number): boolean {
  return control(libc, descriptor, FIOCLEX, null) === 0;
}

/** Keeps calls on the descriptor from waiting; false when the system refuses. */
export function setNonblocking(libc: DarwinLibc, descriptor: number): boolean {
  return control(libc, descriptor, FIONBIO, new Uint32Array([1])) === 0;
}

/**
 * Opens a pipe whose ends stay out of children and never wait: a full pipe has signalled enough.
 *
 * @param system the running system unless a test gives another
 * @returns the end that is polled, the end that is written to
 * @throws {SystemError} "pipe"
 */
export function openDarwinPipe({ libc, errno }: DarwinSystem = darwinSystem()): [number, number] {
  const ends = new Int32Array(2);
  if (libc.pipe(ends) < 0) throw new SystemError("pipe", errno());
  for (const end of ends) {
    closeOnExec(libc, end);
    setNonblocking(libc, end);
  }
  return [ends[0], ends[1]];
}

/**
 * Keeps a broken socket from killing the process, children from inheriting it and calls from waiting. What the system
 * lacks is left out: the packet path passes MSG_DONTWAIT anyway.
 */
export function setSocketDefaults(libc: DarwinLibc, descriptor: number): void {
  libc.setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, new Uint32Array([1]), 4);
  closeOnExec(libc, descriptor);
  setNonblocking(libc, descriptor);
}

/**
 * Raises SO_SNDBUF or SO_RCVBUF as far as the system lets it: the default send buffer of UDP is 9,216 bytes, and that
 * is the longest datagram then.
 *
 * @returns the size that counts, 0 when the system does not tell
 */
export function growBuffer(libc: DarwinLibc, descriptor: number, option: number): number {
  for (let size = BUFFER_WANTED; size >= BUFFER_NEEDED; size >>= 1) {
    if (libc.setsockopt(descriptor, SOL_SOCKET, option, new Uint32Array([size]), 4) === 0) break;
  }
  const size = new Uint32Array(1);
  const length = new Uint32Array([4]);
  return libc.getsockopt(descriptor, SOL_SOCKET, option, size, length) === 0 ? size[0] : 0;
}
