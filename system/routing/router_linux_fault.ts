/**
 * What goes wrong with Linux interfaces and routes, worded for people.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";
import { errno, errorText } from "../../ffi/libc/errno.ts";
import type { SystemError } from "../../ffi/libc/system_error.ts";

/**
 * The fault of an action that the kernel refused.
 *
 * @param action what was tried, such as "route 172.17.0.0/16 to connector0"
 * @param family 6 where an IPv6 address was to be given, which fails in its own ways
 */
export function systemFault(action: string, error: SystemError, family: 4 | 6 = 4): OperationError {
  const cause = { cause: error };
  if (error.errno === errno.EPERM) {
    return new OperationError(
      "privilege",
      `Cannot ${action}: operation not permitted`,
      "Run the program with sudo, or in a container with CAP_NET_ADMIN",
      cause,
    );
  }
  if (family === 6 && ipv6IsOff.has(error.errno)) {
    return new OperationError(
      "unavailable",
      `Cannot ${action}: IPv6 is switched off`,
      "Enable IPv6 (sysctl net.ipv6.conf.all.disable_ipv6=0 and an MTU of at least 1280), or set `addr6 off`",
      cause,
    );
  }
  return new OperationError(
    "io",
    `Cannot ${action}: ${errorText(error.errno)}`,
    remedyOf(error.errno),
    cause,
  );
}

/**
 * How Linux refuses an IPv6 address: EACCES by sysctl, EINVAL with an MTU below 1280 (RFC 8200 section 5),
 * EOPNOTSUPP and EAFNOSUPPORT without IPv6 in the kernel (net/ipv6/addrconf.c, net/core/rtnetlink.c).
 */
const ipv6IsOff: ReadonlySet<number> = new Set([
  errno.EACCES,
  errno.EINVAL,
  errno.EOPNOTSUPP,
  errno.EAFNOSUPPORT,
]);

function remedyOf(code: number): string {
  if (code === errno.ENETDOWN) return "Bring the interface up";
  if (code === errno.EINVAL) return "Check the addresses, prefixes and the MTU that were asked for";
  return "";
}

/** The fault of an action on an interface that does not exist. */
export function linkFault(action: string, name: string): OperationError {
  return new OperationError(
    "io",
    `Cannot ${action}: there is no interface ${name}`,
    "Something removed it; start the program again",
  );
}

/**
 * The fault of routing a prefix that is routed elsewhere.
 *
 * @param prefix the prefix as text
 * @param interfaceName where it was to lead
 * @param owner where it leads; undefined when to no single interface
 */
export function routeConflict(
  prefix: string,
  interfaceName: string,
  owner: string | undefined,
): OperationError {
  return new OperationError(
    "io",
    `Cannot route ${prefix} to ${interfaceName}: ${
      owner === undefined ? "another route has it" : `it is already routed to ${owner}`
    }`,
    `Remove that route (ip route delete ${prefix}${
      owner === undefined ? "" : ` dev ${owner}`
    }), or leave the prefix out of the configuration`,
  );
}
