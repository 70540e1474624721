/**
 * The error that a failed system call becomes. Code above `ffi/` turns it into an OperationError with a remedy.
 *
 * @module
 */

import { errorName, errorText, readErrno } from "./errno.ts";

/** A system call that failed, with the number the kernel gave. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** The error's name on the running system, such as "EBUSY". */
  readonly errorName: string;

  /**
   * @param call what was called, such as "ioctl TUNSETIFF"
   * @param errno the error number, positive
   * @param detail what the caller wanted, appended to the message
   */
  constructor(readonly call: string, readonly errno: number, detail: string = "") {
    const name = errorName(errno);
    super(`${call}: ${name} (${errorText(errno)})${detail === "" ? "" : ` ${detail}`}`);
    this.errorName = name;
  }
}

/**
 * Passes on the result of a synchronous C call that reports failure as a negative number.
 *
 * @param call what was called, for the message
 * @throws {SystemError} when the result is negative, with the calling thread's errno
 */
export function throwOnError(call: string, result: number): number {
  if (result < 0) throw new SystemError(call, readErrno());
  return result;
}
