/**
 * The C library's `errno`: its numbers on the running system and its value on the calling thread.
 *
 * `errno` lives at an address that never changes for a thread, inside a library that is never unloaded. The
 * address is asked for once per module instance, that is once per thread (main thread, each Worker), and the
 * library handle is closed at once, so nothing stays open.
 *
 * @module
 */

import { platform } from "../platform.ts";
import { darwinErrno } from "./errno_darwin.ts";
import { linuxErrno } from "./errno_linux.ts";
import { type AnyErrnoName, errnoText } from "./errno_text.ts";
import { openLibc } from "./libc.ts";

/** The error names that both systems have. */
export type ErrnoName = keyof typeof linuxErrno & keyof typeof darwinErrno;

const table: Readonly<Record<ErrnoName, number>> = platform.os === "darwin" ? darwinErrno : linuxErrno;

/** Error name to number on the running system. */
export const errno: Readonly<Record<ErrnoName, number>> = table;

const names: ReadonlyMap<number, AnyErrnoName> = new Map(
  (Object.entries(table) as [AnyErrnoName, number][]).map(([name, number]) => [number, name]),
);

/** The name of an error number on the running system, such as "EBUSY"; "errno 123" for one not in the table. */
export function errorName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** What an error number means, such as "device or resource busy"; "unknown error" for one not in the table. */
export function errorText(number: number): string {
  const name = names.get(number);
  return name === undefined ? "unknown error" : errnoText[name];
}

let view: Deno.UnsafePointerView | undefined;

/**
 * Finds the calling thread's `errno`. Code that opens a descriptor calls this first: done only after a failed call,
 * the look-up itself could overwrite the value. Calling it again costs nothing.
 */
export function prepareErrno(): void {
  if (view !== undefined) return;
  const address = errnoAddress();
  if (address === null) throw new Error("the C library gave no address for errno");
  view = new Deno.UnsafePointerView(address);
}

/** int *__errno_location(void) on Linux, int *__error(void) on macOS. */
function errnoAddress(): Deno.PointerValue {
  const name = platform.os === "darwin" ? "__error" : "__errno_location";
  const library = openLibc({ locate: { name, parameters: [], result: "pointer" } });
  try {
    return library.symbols.locate();
  } finally {
    library.close();
  }
}

/**
 * The calling thread's `errno`, to be read in the very next step after a synchronous call returned -1. It says
 * nothing about a `nonblocking: true` call, which runs on another thread.
 */
export function readErrno(): number {
  if (view === undefined) prepareErrno();
  return (view as Deno.UnsafePointerView).getInt32();
}
