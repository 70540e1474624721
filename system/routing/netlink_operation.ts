import { type ErrorCode, OperationError } from "../../core/error.ts";
import { errno, errorText, SystemError } from "../../ffi/libc/errno.ts";
import { NetlinkSocket } from "../../ffi/netlink/socket.ts";

/**
 * Does the work on a netlink socket of its own.
 *
 * @param action what is tried, such as "remove interface connector0": a SystemError that leaves the work becomes its fault
 * @throws {OperationError} see {@linkcode systemFault}; and what else `work` throws
 */
export function netlinkOperation<T>(action: string, work: (socket: NetlinkSocket) => T): Promise<T> {
  return Promise.try(() => {
    try {
      using socket = NetlinkSocket.open();
      return work(socket);
    } catch (error) {
      throw error instanceof SystemError ? systemFault(action, error) : error;
    }
  });
}

/**
 * The fault of an action that the kernel refused: "privilege", "unavailable" where IPv6 is off, else "io".
 *
 * @param action what was tried, such as "route 172.17.0.0/16 to connector0"
 * @param family 6 where an IPv6 address was to be given, which fails in its own ways
 */
export function systemFault(action: string, cause: SystemError, family: 4 | 6 = 4): OperationError {
  const fault = (code: ErrorCode, state: string, remedy: string) =>
    new OperationError(code, `Cannot ${action}: ${state}`, remedy, { cause });
  if (cause.errno === errno.EPERM) {
    const remedy = "Run the program with sudo, or in a container with CAP_NET_ADMIN";
    return fault("privilege", "operation not permitted", remedy);
  }
  if (family === 6 && IPV6_IS_OFF.has(cause.errno)) {
    const enable = "Enable IPv6 (sysctl net.ipv6.conf.all.disable_ipv6=0 and an MTU of at least 1280)";
    return fault("unavailable", "IPv6 is switched off", `${enable}, or set \`addr6 off\``);
  }
  return fault("io", errorText(cause.errno), REMEDIES.get(cause.errno) ?? "");
}

/**
 * How Linux refuses an IPv6 address: EACCES by sysctl, EINVAL with an MTU below 1280 (RFC 8200 section 5),
 * EOPNOTSUPP and EAFNOSUPPORT without IPv6 in the kernel (net/ipv6/addrconf.c, net/core/rtnetlink.c).
 */
const IPV6_IS_OFF = new Set([errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP, errno.EAFNOSUPPORT]);

const REMEDIES = new Map([
  [errno.ENETDOWN, "Bring the interface up"],
  [errno.EINVAL, "Check the addresses, prefixes and the MTU that were asked for"],
]);
