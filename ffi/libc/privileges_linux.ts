/**
 * Gives up what root may do and this program need not: capabilities(7), prctl(2), setrlimit(2), execve(2).
 *
 * Capabilities belong to a thread, and the runtime has threads of its own before the first line of a program runs. So the
 * program takes what it does not need from its bounding set and starts itself again: no thread of the new image, and no program
 * that it runs, has more than that set.
 *
 * @module
 */
import { O_CLOEXEC } from "./constants_linux.ts";
import { cString, openLibc, pick, POSIX } from "./libc.ts";
import { readProcFile } from "./proc_linux.ts";

/** linux/capability.h. */
export const CAPABILITY = {
  DAC_OVERRIDE: 1,
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_NICE: 23,
  MKNOD: 27,
} as const;

/** The name of a capability. */
export type Capability = keyof typeof CAPABILITY;

/** linux/prctl.h. */
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
/** asm-generic/resource.h. */
const RLIMIT_CORE = 4;
/** Capabilities are the bits of a 64-bit number (linux/capability.h). */
const CAPABILITY_BITS = 64;
/** A kernel passes on at most 6 MiB of arguments and environment together (execve(2)). */
const MAX_TEXT = 6 << 20;
const MAX_STATUS = 64 << 10;

const symbols = {
  ...pick(POSIX, "open", "read", "close"),
  // int prctl(int operation, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5);
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  // int setrlimit(int resource, const struct rlimit *limit);
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int execve(const char *path, char *const arguments[], char *const environment[]);
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The capabilities that the text of /proc/PID/status allows (its bounding set), as bits; none where it cannot be read. */
function boundingSet(status: string): bigint {
  const [, digits = "0"] = /^CapBnd:\s+([0-9a-f]+)$/m.exec(status) ?? [];
  return BigInt(`0x${digits}`);
}

/** What {@linkcode keepCapabilities} would take away, as bits. */
export function excessCapabilities(status: string, kept: readonly Capability[]): bigint {
  const mask = kept.reduce((bits, name) => bits | 1n << BigInt(CAPABILITY[name]), 0n);
  return boundingSet(status) & ~mask;
}

/**
 * Keeps these capabilities alone, for all threads and child processes, and no core dump: starts this program again unless it has
 * no more than them already, so it has to be called before anything is opened. It returns where there is nothing to give up, and
 * where that is not permitted; all goes on then as before.
 */
export function keepCapabilities(kept: readonly Capability[]): void {
  const excess = excessCapabilities(readProcFile("/proc/self/status", MAX_STATUS) ?? "", kept);
  const { setrlimit, prctl, execve, ...files } = openLibc(symbols).symbols;
  setrlimit(RLIMIT_CORE, new BigUint64Array(2));
  if (excess === 0n) return;
  for (let capability = 0; capability < CAPABILITY_BITS; capability++) {
    if ((excess & 1n << BigInt(capability)) === 0n) continue;
    if (prctl(PR_CAPBSET_DROP, BigInt(capability), 0n, 0n, 0n) < 0) return;
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0n, 0n, 0n);
  prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n);
  const words = strings("/proc/self/cmdline", files);
  const environment = strings("/proc/self/environ", files);
  // It returns only where it fails.
  execve(cString("/proc/self/exe"), words.pointers, environment.pointers);
}

type Files = Pick<Deno.DynamicLibrary<typeof symbols>["symbols"], "open" | "read" | "close">;

/** The strings of a file below /proc, each of which a byte 0 ends, as an array of pointers that a null pointer ends. */
function strings(
  path: string,
  { open, read, close }: Files,
): { readonly pointers: BigUint64Array<ArrayBuffer> } {
  const bytes = new Uint8Array(MAX_TEXT);
  const descriptor = open(cString(path), O_CLOEXEC);
  let length = 0;
  for (let count = 1; descriptor >= 0 && count > 0; length += Math.max(count, 0)) {
    count = read(descriptor, bytes.subarray(length), bytes.length - length);
  }
  close(descriptor);
  const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  const pointers: bigint[] = [];
  for (let at = 0; at < length; at = bytes.indexOf(0, at) + 1 || length) {
    pointers.push(BigInt(start) + BigInt(at));
  }
  // The result keeps the bytes, which the pointers lead to.
  return Object.assign({ pointers: new BigUint64Array([...pointers, 0n]) }, { bytes });
}
