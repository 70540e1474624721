/**
 * What can be found out about a pipe or a stream socket that another program has opened, and set on it.
 *
 * @module
 */
import * as linux from "../libc/constants_linux.ts";
import { throwOnError } from "../libc/errno.ts";
import { linuxUnixSocketCalls } from "../libc/libc_linux.ts";
import { socketType } from "./seqpacket_socket_linux.ts";

/** Whether a descriptor is of a pipe or of a stream socket, and open for that direction. */
export function isByteStream(descriptor: number, use: "read" | "write"): boolean {
  return (isPipe(descriptor) || socketType(descriptor) === linux.SOCK_STREAM) && isOpenFor(descriptor, use);
}

/** Whether a descriptor is of a pipe; of all files only pipes have a capacity (fcntl(2), F_GETPIPE_SZ). */
function isPipe(descriptor: number): boolean {
  return linuxUnixSocketCalls().fcntl(descriptor, linux.F_GETPIPE_SZ, 0) >= 0;
}

function isOpenFor(descriptor: number, use: "read" | "write"): boolean {
  const flags = linuxUnixSocketCalls().fcntl(descriptor, linux.F_GETFL, 0);
  return flags >= 0 && (flags & linux.O_ACCMODE) !== (use === "read" ? linux.O_WRONLY : linux.O_RDONLY);
}

/**
 * Makes reading and writing return at once. That is so for all who share the open file.
 *
 * @throws {SystemError}
 */
export function makeNonBlocking(descriptor: number): void {
  const on = new Int32Array([1]);
  throwOnError("ioctl FIONBIO", linuxUnixSocketCalls().ioctl(descriptor, linux.FIONBIO, on));
}

/**
 * Lets a pipe hold so many bytes where it holds fewer. Without effect on what is no pipe, and where the kernel does not allow it:
 * fs.pipe-max-size is 1 MiB unless somebody changed it (pipe(7)).
 *
 * @returns what the pipe holds now; undefined for what is no pipe
 */
export function enlargePipe(descriptor: number, bytes: number): number | undefined {
  const { fcntl } = linuxUnixSocketCalls();
  const capacity = fcntl(descriptor, linux.F_GETPIPE_SZ, 0);
  if (capacity < 0) return undefined;
  return capacity >= bytes ? capacity : Math.max(capacity, fcntl(descriptor, linux.F_SETPIPE_SZ, bytes));
}
