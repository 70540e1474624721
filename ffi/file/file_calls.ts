/**
 * Calls of the C library on files by descriptor, and the state of files: what Deno cannot do (follow no link,
 * owner and mode of an open file), or does not allow (2.9 refuses to look at anything below /dev and /proc).
 *
 * @module
 */
import { platform } from "../platform.ts";
import * as linux from "../libc/constants_linux.ts";
import type { FILE_SYMBOLS } from "../libc/libc.ts";
import { darwinFileCalls } from "../libc/libc_darwin.ts";
import { linuxFileCalls } from "../libc/libc_linux.ts";

/** The functions that both systems have, by name. */
export type FileCalls = Deno.DynamicLibrary<typeof FILE_SYMBOLS>["symbols"];

/** The functions of the running system. */
export function fileCalls(): FileCalls {
  return platform.os === "darwin" ? darwinFileCalls() : linuxFileCalls();
}

/** The flags of `open` that are used. */
interface OpenFlags {
  readonly O_NONBLOCK: number;
  readonly O_NOFOLLOW: number;
  readonly O_DIRECTORY: number;
  readonly O_CLOEXEC: number;
}

/** bsd/sys/fcntl.h of xnu. */
const DARWIN_FLAGS: OpenFlags = {
  O_NONBLOCK: 0x4,
  O_NOFOLLOW: 0x100,
  O_DIRECTORY: 0x10_0000,
  O_CLOEXEC: 0x100_0000,
};

/** Two differ on arm64 (arch/arm64/include/uapi/asm/fcntl.h). */
const LINUX_FLAGS: OpenFlags = {
  O_NONBLOCK: linux.O_NONBLOCK,
  O_NOFOLLOW: platform.arch === "aarch64" ? 0o10_0000 : 0o40_0000,
  O_DIRECTORY: platform.arch === "aarch64" ? 0o4_0000 : 0o20_0000,
  O_CLOEXEC: linux.O_CLOEXEC,
};

/** The flags of the running system; O_RDONLY is 0 on both. */
export const openFlags: OpenFlags = platform.os === "darwin" ? DARWIN_FLAGS : LINUX_FLAGS;
