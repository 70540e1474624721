/**
 * The C library functions of macOS that devices and sockets need, opened once per thread at first use.
 *
 * None that is used is variadic if it can be helped, see ioctl_darwin.ts. What is no public API is an optional symbol, and
 * every use has another way. Lengths are `u32` where C says `size_t`, for the reason given in libc_linux.ts.
 *
 * @module
 */
import { prepareErrno, readErrno } from "./errno.ts";
import { libcPath } from "./libc_path.ts";

/** The functions with their C declarations. */
export const darwinSymbols = {
  // int pipe(int descriptors[2]);
  pipe: { parameters: ["buffer"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *address, socklen_t length);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int connect(int fd, const struct sockaddr *address, socklen_t length);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *address, socklen_t *length);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t length);
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
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

/** The functions by name; an optional one that the system lacks is null. */
export type DarwinLibc = Deno.DynamicLibrary<typeof darwinSymbols>["symbols"];

/** The C library with the calling thread's errno, as one thing that a test can stand in for. */
export interface DarwinSystem {
  readonly libc: DarwinLibc;
  /** Why the call before failed; to be asked in the very next step. */
  readonly errno: () => number;
}

let system: DarwinSystem | undefined;

/** The running system; the first call of a thread opens the library, for the thread's life. */
export function darwinSystem(): DarwinSystem {
  if (system === undefined) {
    prepareErrno();
    system = { libc: Deno.dlopen(libcPath, darwinSymbols).symbols, errno: readErrno };
  }
  return system;
}
