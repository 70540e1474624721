/**
 * The C library functions of macOS that devices, sockets and files need, opened once per thread at first use.
 *
 * Variadic functions are avoided, see descriptor_darwin.ts. A function that is no public API is an optional
 * symbol, and every use has another way.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { prepareErrno, readErrno } from "./errno.ts";
import { FILE_SYMBOLS, openLibc, pick, POSIX } from "./libc.ts";

/** The functions for devices and sockets, with their C declarations. */
export const darwinSymbols = {
  ...pick(POSIX, "close", "socket", "bind", "connect", "getsockname", "setsockopt", "sendto"),
  // int pipe(int descriptors[2]);
  pipe: { parameters: ["buffer"], result: "i32" },
  // int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // int sysctlbyname(const char *name, void *old, size_t *oldLength, void *new, size_t newLength);
  sysctlbyname: { parameters: ["buffer", "buffer", "buffer", "buffer", "usize"], result: "i32" },
  // ssize_t recvmsg(int fd, struct msghdr *message, int flags);
  recvmsg: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
  sendmsg: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // ssize_t recvmsg_x(int fd, struct msghdr_x *messages, u_int count, int flags);
  recvmsg_x: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32", optional: true },
  // ssize_t sendmsg_x(int fd, const struct msghdr_x *messages, u_int count, int flags);
  sendmsg_x: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32", optional: true },
  // int __ioctl(int fd, unsigned long request, caddr_t argument);
  __ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32", optional: true },
  // int ioctl(int fd, unsigned long request, ...); as x86_64 calls it
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32", optional: true },
  // int ioctl(int fd, unsigned long request, ...); as arm64 calls it: x2 to x7 are filled, the argument is on the stack
  ioctlOnStack: {
    name: "ioctl",
    parameters: ["i32", "u64", "u64", "u64", "u64", "u64", "u64", "u64", "buffer"],
    result: "i32",
    optional: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * x86_64 exports the calls with 64-bit inode numbers under names of their own (sys/stat.h,
 * `__DARWIN_INODE64`); arm64 has no others.
 */
const suffix = platform.arch === "x86_64" ? "$INODE64" : "";

const fileSymbols = {
  ...FILE_SYMBOLS,
  // int stat(const char *path, struct stat *status);
  stat: { name: `stat${suffix}`, parameters: ["buffer", "buffer"], result: "i32" },
  // int lstat(const char *path, struct stat *status);
  lstat: { name: `lstat${suffix}`, parameters: ["buffer", "buffer"], result: "i32" },
  // int fstat(int fd, struct stat *status);
  fstat: { name: `fstat${suffix}`, parameters: ["i32", "buffer"], result: "i32" },
  fstatLater: { name: `fstat${suffix}`, parameters: ["i32", "buffer"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions by name; an optional one that the system lacks is null. */
export type DarwinLibc = Deno.DynamicLibrary<typeof darwinSymbols>["symbols"];

type FileCalls = Deno.DynamicLibrary<typeof fileSymbols>["symbols"];

/** The C library with the calling thread's errno, as one thing that a test can stand in for. */
export interface DarwinSystem {
  readonly libc: DarwinLibc;
  /** Why the call before failed; to be asked in the very next step. */
  readonly errno: () => number;
}

let system: DarwinSystem | undefined;
let file: FileCalls | undefined;

/** The running system; the first call of a thread opens the library, for the thread's life. */
export function darwinSystem(): DarwinSystem {
  prepareErrno();
  return system ??= { libc: openLibc(darwinSymbols).symbols, errno: readErrno };
}

/** The functions for files, opened once as well. */
export function darwinFileCalls(): FileCalls {
  prepareErrno();
  return file ??= openLibc(fileSymbols).symbols;
}
