import { cString, textFromC } from "./libc.ts";
import type { DarwinSystem } from "./libc_darwin.ts";

/** Major number of the first release whose `recvmsg_x` gathers a list of messages: Darwin 23, macOS 14. */
const FIRST_WITH_LISTS = 23;

/**
 * Releases whose `recvmsg_x` is known to be sound, by major number: from which minor number on. Before Darwin 24.6 (macOS 15.6) a
 * call that found the socket in use by another reader and was not to wait for it left the socket locked, which could hang the
 * whole machine's loopback (soreceive_m_list in bsd/kern/uipc_socket.c; fixed in xnu-11417.140.69). The call is no public API and
 * changes from major release to major release, so one that is not listed is taken for no better than those.
 */
const KNOWN_SOUND: ReadonlyMap<number, number> = new Map([[24, 6]]);

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
  if (Number(minor) >= (KNOWN_SOUND.get(Number(major)) ?? Infinity)) return "freely";
  return Number(major) >= FIRST_WITH_LISTS ? "alone" : "never";
}

/** The kernel's release, such as "24.6.0"; empty when the system does not tell. */
export function darwinRelease({ libc }: DarwinSystem): string {
  const text = new Uint8Array(64);
  const length = new BigUint64Array([BigInt(text.length)]);
  const name = cString("kern.osrelease");
  if (libc.sysctlbyname(name, text, length, null, 0n) < 0) return "";
  return textFromC(text);
}
