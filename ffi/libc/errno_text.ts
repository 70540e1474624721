/**
 * What each error name means, in words that end up in messages.
 *
 * @module
 */

import type { darwinErrno } from "./errno_darwin.ts";
import type { linuxErrno } from "./errno_linux.ts";

/** Every error name known on either system. */
export type AnyErrnoName = keyof typeof linuxErrno | keyof typeof darwinErrno;

/** Error name to a short lower-case text, the same on both systems. */
export const errnoText: Readonly<Record<AnyErrnoName, string>> = {
  EPERM: "operation not permitted",
  ENOENT: "no such file",
  ESRCH: "no such entry",
  EINTR: "interrupted by a signal",
  EIO: "input/output error",
  ENXIO: "no such device or address",
  EBADF: "bad file descriptor",
  EAGAIN: "nothing available now",
  ENOMEM: "out of memory",
  EACCES: "permission denied",
  EFAULT: "bad memory address",
  EBUSY: "device or resource busy",
  EEXIST: "already exists",
  ENODEV: "no such device",
  ENOTDIR: "not a folder",
  EISDIR: "a folder",
  ELOOP: "symbolic links that go round, or a link where none may be",
  ENAMETOOLONG: "name too long",
  EINVAL: "invalid argument",
  ENFILE: "too many open files in the system",
  EMFILE: "too many open files in the process",
  ENOTTY: "request not known to the device",
  ENOSPC: "no space left",
  EROFS: "read-only file system",
  EPIPE: "broken pipe",
  ERANGE: "result out of range",
  ENOSYS: "function not implemented",
  EBADFD: "file descriptor in a bad state",
  ENOTSOCK: "not a socket",
  EDESTADDRREQ: "destination address required",
  EMSGSIZE: "message too long",
  EPROTOTYPE: "wrong protocol type for the socket",
  ENOPROTOOPT: "option not known to the protocol",
  EPROTONOSUPPORT: "protocol not supported",
  ENOTSUP: "operation not supported",
  EOPNOTSUPP: "operation not supported",
  EAFNOSUPPORT: "address family not supported",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available on this machine",
  ENETDOWN: "network is down",
  ENETUNREACH: "network unreachable",
  ECONNRESET: "connection reset by the peer",
  ENOBUFS: "no buffer space available",
  EISCONN: "already connected",
  ENOTCONN: "not connected",
  ETIMEDOUT: "timed out",
  ECONNREFUSED: "connection refused",
  EHOSTDOWN: "host is down",
  EHOSTUNREACH: "host unreachable",
  EALREADY: "operation already under way",
  EINPROGRESS: "operation now in progress",
};
