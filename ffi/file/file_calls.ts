/**
 * Calls of the C library on files by descriptor, and the state of files: what Deno cannot do (no link followed, owner and
 * mode of an open file), or does not allow (2.9 refuses to look at anything below /dev and /proc).
 *
 * No function is called with variadic arguments: without O_CREAT, `open` and `openat` take none. Lengths are `u32` where C
 * says `size_t`, for the reason given in libc_linux.ts.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { prepareErrno } from "../libc/errno.ts";
import { libcPath } from "../libc/libc_path.ts";

const common = {
  // int open(const char *path, int flags, ...);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  openLater: { name: "open", parameters: ["buffer", "i32"], result: "i32", nonblocking: true },
  // int openat(int folder, const char *path, int flags, ...);
  openatLater: { name: "openat", parameters: ["i32", "buffer", "i32"], result: "i32", nonblocking: true },
  // ssize_t read(int fd, void *data, size_t length);
  readLater: { name: "read", parameters: ["i32", "buffer", "u32"], result: "i32", nonblocking: true },
  // ssize_t readlink(const char *path, char *text, size_t length);
  readlink: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  // int fchown(int fd, uid_t owner, gid_t group);
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  // int fchmod(int fd, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

// int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *status);
const statx = { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" } as const;

const linuxSymbols = {
  ...common,
  statx,
  statxLater: { ...statx, name: "statx", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * x86_64 exports the calls with 64-bit inode numbers under names of their own (sys/stat.h, `__DARWIN_INODE64`); arm64 has
 * no others.
 */
const suffix = platform.arch === "x86_64" ? "$INODE64" : "";

const darwinSymbols = {
  ...common,
  // int stat(const char *path, struct stat *status);
  stat: { name: `stat${suffix}`, parameters: ["buffer", "buffer"], result: "i32" },
  // int lstat(const char *path, struct stat *status);
  lstat: { name: `lstat${suffix}`, parameters: ["buffer", "buffer"], result: "i32" },
  // int fstat(int fd, struct stat *status);
  fstat: { name: `fstat${suffix}`, parameters: ["i32", "buffer"], result: "i32" },
  fstatLater: { name: `fstat${suffix}`, parameters: ["i32", "buffer"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions that both systems have, by name; those called "later" run on another thread and leave no errno. */
export type FileCalls = Deno.DynamicLibrary<typeof common>["symbols"];
/** Those of Linux. */
export type LinuxFileCalls = Deno.DynamicLibrary<typeof linuxSymbols>["symbols"];
/** Those of macOS. */
export type DarwinFileCalls = Deno.DynamicLibrary<typeof darwinSymbols>["symbols"];

let linux: LinuxFileCalls | undefined;
let darwin: DarwinFileCalls | undefined;

/** The functions of Linux; the first call of a thread opens the library, for the thread's life. */
export function linuxFileCalls(): LinuxFileCalls {
  if (linux === undefined) prepareErrno();
  return linux ??= Deno.dlopen(libcPath, linuxSymbols).symbols;
}

/** The functions of macOS, opened once as well. */
export function darwinFileCalls(): DarwinFileCalls {
  if (darwin === undefined) prepareErrno();
  return darwin ??= Deno.dlopen(libcPath, darwinSymbols).symbols;
}

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

/** include/uapi/asm-generic/fcntl.h of Linux, and arch/arm64/include/uapi/asm/fcntl.h for two of them. */
const LINUX_FLAGS: OpenFlags = {
  O_NONBLOCK: 0o4000,
  O_NOFOLLOW: platform.arch === "aarch64" ? 0o10_0000 : 0o40_0000,
  O_DIRECTORY: platform.arch === "aarch64" ? 0o4_0000 : 0o20_0000,
  O_CLOEXEC: 0o200_0000,
};

/** Those of the running system; O_RDONLY is 0 on both. */
export const openFlags: OpenFlags = platform.os === "darwin" ? DARWIN_FLAGS : LINUX_FLAGS;

/** A path as C takes it. */
export function pathBytes(path: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${path}\0`);
}
