/**
 * The C library: the functions that Linux and macOS have alike, with their C declarations, and the one place
 * that opens it. The other functions are in libc_linux.ts and libc_darwin.ts.
 *
 * Opening a library looks up every function that is asked for, so each user asks for its own few.
 *
 * Lengths are `u32` where C says `size_t`: Deno's fast calls take no 64-bit numbers (a `usize` parameter
 * costs about 200 ns), every length here is below 2^32, and both x86_64 and arm64 clear a register's upper
 * half when a 32-bit value is loaded into it. Results that count bytes or messages are `i32`: at most 64 KiB
 * or 1024, and -1 stays -1.
 *
 * No function is called with variadic arguments: without O_CREAT, `open` and `openat` take none. Functions
 * called "later" run on another thread and leave no errno. Their buffers have to be held until then, in a field or by
 * a use after the call: Deno does not, and the other thread would write to memory that is somebody else's by then.
 *
 * @module
 */
import { platform } from "../platform.ts";

/** The functions that both systems have. */
export const POSIX = {
  // int open(const char *path, int flags, ...);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  openLater: { name: "open", parameters: ["buffer", "i32"], result: "i32", nonblocking: true },
  // int openat(int folder, const char *path, int flags, ...);
  openatLater: { name: "openat", parameters: ["i32", "buffer", "i32"], result: "i32", nonblocking: true },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t read(int fd, void *data, size_t length);
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  readLater: { name: "read", parameters: ["i32", "buffer", "u32"], result: "i32", nonblocking: true },
  // ssize_t write(int fd, const void *data, size_t length);
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // ssize_t readv(int fd, const struct iovec *pieces, int count);
  readv: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // ssize_t writev(int fd, const struct iovec *pieces, int count);
  writev: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // ssize_t readlink(const char *path, char *text, size_t length);
  readlink: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  // int fchown(int fd, uid_t owner, gid_t group);
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  // int fchmod(int fd, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // int poll(struct pollfd *descriptors, nfds_t count, int milliseconds);
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  pollLater: { name: "poll", parameters: ["buffer", "u32", "i32"], result: "i32", nonblocking: true },
  // int clock_gettime(clockid_t clock, struct timespec *time);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32", optional: true },
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *address, socklen_t length);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int connect(int fd, const struct sockaddr *address, socklen_t length);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int shutdown(int fd, int how);
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // int listen(int fd, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *address, socklen_t *length);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // ssize_t send(int fd, const void *data, size_t length, int flags);
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  // ssize_t recv(int fd, void *data, size_t length, int flags);
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  // ssize_t recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *from, socklen_t *fromLength);
  recvfrom: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "buffer"], result: "i32" },
  // ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t length);
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  // ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // ssize_t recvmsg(int fd, struct msghdr *message, int flags);
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // uid_t geteuid(void);
  geteuid: { parameters: [], result: "u32" },
  // int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);
  getaddrinfo: { parameters: ["buffer", "pointer", "buffer", "buffer"], result: "i32", nonblocking: true },
  // void freeaddrinfo(struct addrinfo *list);
  freeaddrinfo: { parameters: ["pointer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of a table by these names. */
export function pick<T extends Deno.ForeignLibraryInterface, N extends keyof T>(
  table: T,
  ...names: readonly N[]
): Pick<T, N> {
  return Object.fromEntries(names.map((name) => [name, table[name]])) as Pick<T, N>;
}

/** What the calls on open files and on paths need, on either system. */
export const FILE_SYMBOLS = pick(
  POSIX,
  ...["open", "openLater", "openatLater", "readLater", "readlink"] as const,
  ...["fchown", "fchmod", "flock", "close"] as const,
);

/** Opens the C library for some of its functions; the caller closes it, or keeps it for the thread's life. */
export function openLibc<const T extends Deno.ForeignLibraryInterface>(
  symbols: T,
): Deno.DynamicLibrary<T> & Disposable {
  const library = Deno.dlopen(platform.libc, symbols);
  return Object.assign(library, { [Symbol.dispose]: () => library.close() });
}

/** A text as C takes it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** What stands before the first NUL of a text that C gives. */
export function textFromC(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).split("\0", 1)[0];
}
