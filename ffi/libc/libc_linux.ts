/**
 * The C library functions that Linux alone has, and those that devices, sockets and files need, opened once
 * per thread at first use.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { prepareErrno } from "./errno.ts";
import { FILE_SYMBOLS, openLibc, pick, POSIX } from "./libc.ts";

/** The functions of Linux, beside {@linkcode POSIX}. */
export const LINUX = {
  // int eventfd(unsigned int initial, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  // int fcntl(int fd, int operation, ...);  with a number as third argument
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int madvise(void *address, size_t length, int advice);
  madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
  // int malloc_trim(size_t padding);  of glibc alone
  malloc_trim: { parameters: ["u64"], result: "i32", optional: true },
  // int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *status);
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  statxLater: {
    name: "statx",
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

const deviceSymbols = {
  ...pick(POSIX, "open", "close", "write", "writev", "setsockopt"),
  ...pick(POSIX, "socket", "bind", "connect", "getsockname", "sendto"),
  // int mkdir(const char *path, mode_t mode);
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  // int mknod(const char *path, mode_t mode, dev_t device);  dev_t has 64 bits; glibc before 2.33 lacks the symbol
  mknod: { parameters: ["buffer", "u32", "u64"], result: "i32", optional: true },
  // int ioctl(int fd, unsigned long request, ...);  with a pointer as third argument
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  // int ioctl(int fd, unsigned long request, ...);  with a number as third argument
  ioctlValue: { name: "ioctl", parameters: ["i32", "u32", "u32"], result: "i32" },
  // ssize_t read(int fd, void *data, size_t length);
  read: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  // int setpriority(int which, id_t who, int value);
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  // int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout);
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  // int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const fileSymbols = { ...FILE_SYMBOLS, ...pick(LINUX, "statx", "statxLater") };

const unixSocketSymbols = {
  ...pick(POSIX, "socket", "bind", "listen", "connect", "getsockopt", "setsockopt", "fchmod", "geteuid"),
  ...pick(POSIX, "send", "recv", "sendmsg", "recvmsg", "close"),
  ...pick(LINUX, "accept4", "fcntl"),
  ioctl: deviceSymbols.ioctl,
};

/** The functions for devices and sockets by name. */
export type LinuxLibc = Deno.DynamicLibrary<typeof deviceSymbols>["symbols"];

let device: LinuxLibc | undefined;
let unixSocket: Deno.DynamicLibrary<typeof unixSocketSymbols>["symbols"] | undefined;
let file: Deno.DynamicLibrary<typeof fileSymbols>["symbols"] | undefined;

/** The functions for devices and sockets; the first call of a thread opens the library, for the thread's life. */
export function linuxLibc(): LinuxLibc {
  return device ??= openLibc(deviceSymbols).symbols;
}

/** The functions for unix sockets and what is passed through them, opened once as well. */
export function linuxUnixSocketCalls(): Deno.DynamicLibrary<typeof unixSocketSymbols>["symbols"] {
  prepareErrno();
  return unixSocket ??= openLibc(unixSocketSymbols).symbols;
}

/** The functions for files, opened once as well. */
export function linuxFileCalls(): Deno.DynamicLibrary<typeof fileSymbols>["symbols"] {
  prepareErrno();
  return file ??= openLibc(fileSymbols).symbols;
}

/** sys/resource.h: the second argument is a process, or on Linux a thread; 0 is the caller. */
const PRIO_PROCESS = 0;
/** The nice value of the packet thread. 0 is everybody's, -20 the strongest (setpriority(2)). */
export const PACKET_THREAD_NICE = -10;

/**
 * Lets the calling thread run before others when both want the processor. A packet waits for milliseconds otherwise, whenever
 * another thread has just begun its time slice. Without the right to it (CAP_SYS_NICE) the thread stays as it is. Linux only:
 * on macOS the nice value belongs to the whole process.
 */
export function preferPacketThread(): void {
  if (platform.os === "linux") linuxLibc().setpriority(PRIO_PROCESS, 0, PACKET_THREAD_NICE);
}
