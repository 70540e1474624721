/**
 * The pipe by which threads wake each other on macOS, which has no eventfd.
 *
 * @module
 */
import { closeOnExec, setNonblocking } from "./ioctl_darwin.ts";
import { type DarwinSystem, darwinSystem } from "./libc_darwin.ts";
import { SystemError } from "./system_error.ts";

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
  return [ends[0] ?? -1, ends[1] ?? -1];
}
