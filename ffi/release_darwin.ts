/**
 * Which release of Darwin runs, and what follows from it.
 *
 * @module
 */
import type { DarwinSystem } from "./libc_darwin.ts";

/**
 * From 23.0 (macOS 14) to before 24.6 (macOS 15.6) a `recvmsg_x` that found the socket in use by another reader and was not
 * to wait for it left the socket locked, which could hang the whole machine's loopback (soreceive_m_list in
 * bsd/kern/uipc_socket.c; mended in xnu-11417.140.69).
 */
const FIRST_WITH_LISTS = { major: 23, minor: 0 } as const;
const FIRST_MENDED = { major: 24, minor: 6 } as const;

/**
 * How message batches may be received:
 * - "freely": there is nothing to mind;
 * - "alone": by one thread, without MSG_DONTWAIT, from a socket that never waits;
 * - "never": releases before have another implementation with a limit of its own, and plain calls serve them.
 */
export type BatchSafety = "freely" | "alone" | "never";

/** What holds for a release, such as "24.6.0"; "never" for a text that is none. */
export function batchSafety(release: string): BatchSafety {
  const [, major, minor] = /^(\d+)\.(\d+)(?:\.|$)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return "never";
  const isAtLeast = (first: { readonly major: number; readonly minor: number }) =>
    Number(major) > first.major || (Number(major) === first.major && Number(minor) >= first.minor);
  if (isAtLeast(FIRST_MENDED)) return "freely";
  return isAtLeast(FIRST_WITH_LISTS) ? "alone" : "never";
}

/** The kernel's release, such as "24.6.0"; empty when the system does not tell. */
export function darwinRelease({ libc }: DarwinSystem): string {
  const text = new Uint8Array(64);
  const length = new BigUint64Array([BigInt(text.length)]);
  const name = new TextEncoder().encode("kern.osrelease\0");
  if (libc.sysctlbyname(name, text, length, null, 0n) < 0) return "";
  const end = text.indexOf(0);
  return new TextDecoder().decode(text.subarray(0, end < 0 ? text.length : end));
}
