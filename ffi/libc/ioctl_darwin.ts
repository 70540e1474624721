/**
 * `ioctl` of macOS, which is variadic: Apple's arm64 passes variadic arguments on the stack, x86_64 in registers like any
 * other ("Writing ARM64 code for Apple platforms"). A call of fixed arity that puts the argument in the wrong place may
 * succeed and write anywhere. So the stub `__ioctl` below it, which is not variadic, comes first, and the function itself
 * only where the stub is missing, in the form of the processor.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { FIOCLEX, FIONBIO } from "./constants_darwin.ts";
import type { DarwinLibc } from "./libc_darwin.ts";

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
