/**
 * Which release of Darwin runs, and what follows from it.
 *
 * @module
 */
import type { DarwinSystem } from "./libc_darwin.ts";

/**
 * The first release whose `recvmsg_x` is used: 24.6 (macOS 15.6). From 23.0 (macOS 14) on, a contended or interrupted
 * call could leave the socket locked and hang the whole machine's loopback (soreceive_m_list in bsd/kern/uipc_socket.c;
 * mended in xnu-11417.140.69). Releases before that have another implementation, with a limit of its own; plain calls
 * serve them.
 */
const FIRST_SAFE = { major: 24, minor: 6 } as const;

/** Whether a release, such as "24.6.0", has message batches that are safe to use; false for a text that is none. */
export function batchesAreSafe(release: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)(?:\.|$)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return false;
  if (Number(major) !== FIRST_SAFE.major) return Number(major) > FIRST_SAFE.major;
  return Number(minor) >= FIRST_SAFE.minor;
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
