/**
 * Error numbers of Linux, x86_64 and arm64 alike, and what each name means on either system.
 * Source: include/uapi/asm-generic/errno-base.h and errno.h of the kernel.
 *
 * @module
 */

/** Error name to number and to a short lower-case text. */
export const LINUX_ERRORS = {
  EPERM: [1, "operation not permitted"],
  ENOENT: [2, "no such file"],
  ESRCH: [3, "no such entry"],
  EINTR: [4, "interrupted by a signal"],
  EIO: [5, "input/output error"],
  ENXIO: [6, "no such device or address"],
  EBADF: [9, "bad file descriptor"],
  EAGAIN: [11, "nothing available now"],
  ENOMEM: [12, "out of memory"],
  EACCES: [13, "permission denied"],
  EFAULT: [14, "bad memory address"],
  EBUSY: [16, "device or resource busy"],
  EEXIST: [17, "already exists"],
  ENODEV: [19, "no such device"],
  ENOTDIR: [20, "not a folder"],
  EISDIR: [21, "a folder"],
  EINVAL: [22, "invalid argument"],
  ENFILE: [23, "too many open files in the system"],
  EMFILE: [24, "too many open files in the process"],
  ENOTTY: [25, "request not known to the device"],
  ENOSPC: [28, "no space left"],
  EROFS: [30, "read-only file system"],
  EPIPE: [32, "broken pipe"],
  ERANGE: [34, "result out of range"],
  ENAMETOOLONG: [36, "name too long"],
  ENOSYS: [38, "function not implemented"],
  ELOOP: [40, "symbolic links that go round, or a link where none may be"],
  EBADFD: [77, "file descriptor in a bad state"],
  ENOTSOCK: [88, "not a socket"],
  EDESTADDRREQ: [89, "destination address required"],
  EMSGSIZE: [90, "message too long"],
  EPROTOTYPE: [91, "wrong protocol type for the socket"],
  ENOPROTOOPT: [92, "option not known to the protocol"],
  EPROTONOSUPPORT: [93, "protocol not supported"],
  EOPNOTSUPP: [95, "operation not supported"],
  EAFNOSUPPORT: [97, "address family not supported"],
  EADDRINUSE: [98, "address already in use"],
  EADDRNOTAVAIL: [99, "address not available on this machine"],
  ENETDOWN: [100, "network is down"],
  ENETUNREACH: [101, "network unreachable"],
  ECONNRESET: [104, "connection reset by the peer"],
  ENOBUFS: [105, "no buffer space available"],
  EISCONN: [106, "already connected"],
  ENOTCONN: [107, "not connected"],
  ETIMEDOUT: [110, "timed out"],
  ECONNREFUSED: [111, "connection refused"],
  EHOSTDOWN: [112, "host is down"],
  EHOSTUNREACH: [113, "host unreachable"],
  EALREADY: [114, "operation already under way"],
  EINPROGRESS: [115, "operation now in progress"],
} as const;

/** Error name to number. */
export const linuxErrno = Object.fromEntries(
  Object.entries(LINUX_ERRORS).map(([name, [number]]) => [name, number]),
) as { readonly [N in keyof typeof LINUX_ERRORS]: (typeof LINUX_ERRORS)[N][0] };
