/**
 * The C library functions of Linux that devices and sockets need, opened once per thread at first use.
 *
 * Lengths are `u32` where C says `size_t`: Deno's fast calls take no 64-bit numbers (a `usize` parameter costs about
 * 200 ns), every length here is below 2^32, and both x86_64 and arm64 clear a register's upper half when a 32-bit value is
 * loaded into it. Results that count bytes or messages are `i32`: at most 64 KiB or 1024, and -1 stays -1.
 *
 * @module
 */

const symbols = {
  // int open(const char *path, int flags, ...);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int mkdir(const char *path, mode_t mode);
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  // int mknod(const char *path, mode_t mode, dev_t device);  dev_t has 64 bits, a C library before glibc 2.33 no such symbol
  mknod: { parameters: ["buffer", "u32", "u64"], result: "i32", optional: true },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // int ioctl(int fd, unsigned long request, ...);  with a pointer as third argument
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  // int ioctl(int fd, unsigned long request, ...);  with a number as third argument
  ioctlValue: { name: "ioctl", parameters: ["i32", "u32", "u32"], result: "i32" },
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *address, socklen_t length);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int connect(int fd, const struct sockaddr *address, socklen_t length);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *address, socklen_t *length);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t length);
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  // int eventfd(unsigned int initial, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // ssize_t read(int fd, void *data, size_t length);
  read: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  // ssize_t write(int fd, const void *data, size_t length);
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // ssize_t writev(int fd, const struct iovec *pieces, int count);
  writev: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // int setpriority(int which, id_t who, int value);
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  // int poll(struct pollfd *descriptors, nfds_t count, int milliseconds);
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  // int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout);
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  // int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions by name. */
export type LinuxLibc = Deno.DynamicLibrary<typeof symbols>["symbols"];

let library: Deno.DynamicLibrary<typeof symbols> | undefined;

/** The functions of the C library; the first call of a thread opens it, for the thread's life. */
export function linuxLibc(): LinuxLibc {
  library ??= Deno.dlopen("libc.so.6", symbols);
  return library.symbols;
}
