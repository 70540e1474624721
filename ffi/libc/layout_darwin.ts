/**
 * Structures of macOS as the LP64 compilers lay them out, by byte offset. Integers are little-endian unless said
 * otherwise. `struct iovec` is the same as on Linux (core/memory/arena.ts).
 *
 * @module
 */

/** `struct ctl_info`: ctl_id u32, ctl_name char[96] (bsd/sys/kern_control.h). */
export const CTL_INFO = { size: 100, id: 0, name: 4, nameCapacity: 96 } as const;

/**
 * `struct sockaddr_ctl`: sc_len u8, sc_family u8, ss_sysaddr u16, sc_id u32, sc_unit u32, sc_reserved u32[5]
 * (bsd/sys/kern_control.h). The kernel refuses any other sc_len than the size.
 */
export const SOCKADDR_CTL = { size: 32, length: 0, family: 1, kind: 2, id: 4, unit: 8 } as const;

/**
 * `struct sockaddr_in`: sin_len u8 and sin_family u8, here as one number, sin_port u16 big-endian, sin_addr (bsd/netinet/in.h).
 */
export const SOCKADDR_IN = { size: 16, start: 0x0210, port: 2, address: 4 } as const;

/** `struct sockaddr_in6`: as above, then sin6_flowinfo u32, sin6_addr, sin6_scope_id u32 (bsd/netinet6/in6.h). */
export const SOCKADDR_IN6 = { size: 28, start: 0x1e1c, port: 2, address: 8, scope: 24 } as const;

/**
 * `struct msghdr_x` (bsd/sys/socket_private.h): msg_name, msg_namelen u32, msg_iov, msg_iovlen i32, msg_control,
 * msg_controllen u32, msg_flags i32, msg_datalen u64. All but the last is `struct msghdr` (bsd/sys/socket.h), so the
 * same memory serves `sendmsg` and `recvmsg`.
 */
export const MSGHDR_X = {
  size: 56,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  controlLength: 40,
  flags: 44,
  dataLength: 48,
} as const;

/**
 * One record of the sysctl net.systm.kctl.reg_list, `struct xkctl_reg`: its own length u32, kind, id u32, more, the
 * control's name char[96] (bsd/kern/kern_control.c).
 */
export const KCTL_RECORD = { size: 200, length: 0, id: 8, name: 104 } as const;
