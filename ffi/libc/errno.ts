/**
 * The C library's `errno`: its numbers on the running system, its value on the calling thread, and the error that a failed call
 * becomes.
 *
 * `errno` lives at an address that never changes for a thread, inside a library that is never unloaded. The
 * address is asked for once per module instance, that is once per thread (main thread, each Worker), and the
 * library handle is closed at once, so nothing stays open.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { darwinErrno } from "./errno_darwin.ts";
import { LINUX_ERRORS, linuxErrno } from "./errno_linux.ts";
import { openLibc } from "./libc.ts";

/** Error name to number on the running system; the names that both systems have. */
export const errno: Readonly<Record<keyof typeof linuxErrno & keyof typeof darwinErrno, number>> =
  platform.os === "darwin" ? darwinErrno : linuxErrno;

/** Error name to text, the same on both systems. */
export const errnoText: ReadonlyMap<string, string> = new Map([
  ...Object.entries(LINUX_ERRORS).map(([name, [, text]]) => [name, text] as const),
  // macOS has a number of its own for it.
  ["ENOTSUP", LINUX_ERRORS.EOPNOTSUPP[1]],
]);

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(errno).map(([name, number]) => [number, name]),
);

/** The name of an error number on the running system, such as "EBUSY"; "errno 123" for one not in the table. */
export function errorName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** What an error number means, such as "device or resource busy"; "unknown error" for one not in the table. */
export function errorText(number: number): string {
  return errnoText.get(errorName(number)) ?? "unknown error";
}

let view: Deno.UnsafePointerView | undefined;

/**
 * Finds the calling thread's `errno`. Code that opens a descriptor calls this first: done only after a failed call,
 * the look-up itself could overwrite the value. Calling it again costs nothing.
 */
export function prepareErrno(): void {
  view ??= errnoView();
}

/** int *__errno_location(void) on Linux, int *__error(void) on macOS. */
function errnoView(): Deno.UnsafePointerView {
  const name = platform.os === "darwin" ? "__error" : "__errno_location";
  using library = openLibc({ locate: { name, parameters: [], result: "pointer" } });
  const address = library.symbols.locate();
  if (address === null) throw new Error("the C library gave no address for errno");
  return new Deno.UnsafePointerView(address);
}

/**
 * The calling thread's `errno`, to be read in the very next step after a synchronous call returned -1. It says
 * nothing about a `nonblocking: true` call, which runs on another thread.
 */
export function readErrno(): number {
  view ??= errnoView();
  return view.getInt32();
}

/** A system call that failed, with the number the kernel gave. Code above `ffi/` turns it into an OperationError with a remedy. */
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
