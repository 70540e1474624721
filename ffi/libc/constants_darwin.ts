/**
 * Socket constants of macOS, both architectures.
 * Source: bsd/sys/socket.h, sys_domain.h, kern_control.h, filio.h, ioccom.h and bsd/net/if_utun.h of xnu.
 *
 * @module
 */

/** Address families (socket.h). */
export const AF_INET = 2;
export const AF_INET6 = 30;
/** Kernel sockets: domain and address family, protocol, address kind (socket.h, sys_domain.h). */
export const AF_SYSTEM = 32;
export const SYSPROTO_CONTROL = 2;
export const AF_SYS_CONTROL = 2;
/** The only socket type in use; Darwin has no flags for close-on-exec and non-blocking beside it. */
export const SOCK_DGRAM = 2;

/** Socket options (socket.h). */
export const SOL_SOCKET = 0xffff;
export const SO_SNDBUF = 0x1001;
export const SO_RCVBUF = 0x1002;
export const SO_NOSIGPIPE = 0x1022;

/** Message flags (socket.h). */
export const MSG_TRUNC = 0x10;
export const MSG_DONTWAIT = 0x80;

/** The utun kernel control (if_utun.h). */
export const UTUN_CONTROL_NAME = "com.apple.net.utun_control";
export const UTUN_OPT_IFNAME = 2;
export const UTUN_OPT_MAX_PENDING_PACKETS = 16;

/**
 * Requests of ioctl (ioccom.h): direction, size of the argument, group, number. They are bigints because C has them as
 * `unsigned long`, which Deno takes as a bigint on every path.
 */
export const CTLIOCGINFO = 0xc0644e03n;
export const FIOCLEX = 0x20006601n;
export const FIONBIO = 0x8004667en;
