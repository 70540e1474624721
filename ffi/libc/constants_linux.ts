/**
 * Constants of Linux for files and sockets, the same on x86_64 and arm64.
 * Source: asm-generic/fcntl.h, bits/socket.h, bits/socket_type.h and asm-generic/socket.h.
 *
 * @module
 */

/** Flags of `open`; O_ACCMODE covers the first three. */
export const O_RDONLY = 0x0;
export const O_WRONLY = 0x1;
export const O_RDWR = 0x2;
export const O_ACCMODE = 0x3;
export const O_NONBLOCK = 0x800;
export const O_CLOEXEC = 0x80000;

/** Operations of `fcntl`; the last two are of Linux alone (linux/fcntl.h). */
export const F_GETFL = 3;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;
/** The request of `ioctl` that makes a descriptor non-blocking (asm-generic/ioctls.h). */
export const FIONBIO = 0x5421;

/** Address families. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
/** Socket types, and the flags beside them. */
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = O_NONBLOCK;
export const SOCK_CLOEXEC = O_CLOEXEC;

/** Socket options. */
export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_PEERCRED = 17;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;

/** Message flags. */
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** The kind of control message that carries descriptors; its level is SOL_SOCKET. */
export const SCM_RIGHTS = 1;

/** UDP's own level of options, segmentation of what is sent, and coalescing of what is received (linux/udp.h). */
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

/** `struct mmsghdr` on LP64, 64 bytes: a `struct msghdr` of 56, then msg_len u32 @56 (bits/socket.h). */
export const MMSGHDR = {
  size: 64,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;
/** `struct cmsghdr` on LP64: cmsg_len u64 @0, cmsg_level i32 @8, cmsg_type i32 @12, data @16; 24 with 8 bytes of data. */
export const CMSG = { size: 24, length: 0, level: 8, type: 12, data: 16 } as const;
