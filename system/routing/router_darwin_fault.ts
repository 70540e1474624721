/**
 * What goes wrong with macOS interfaces and routes, worded for people. `route` tells it in words only: what the kernel refuses
 * goes to standard error, and the exit status is 0 all the same (rtmsg and main in route.tproj/route.c of
 * network_cmds-741.100.2).
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import type { CommandOutcome } from "../process/command.ts";

/** Whether a program failed: by its exit status or, as `route` tells it, by a line on standard error. */
export function hasFailed({ code, stderr }: CommandOutcome): boolean {
  return code !== 0 || stderr.trim() !== "";
}

/** Whether `route` refused because the prefix has a route. */
export function saysExists({ stdout, stderr }: CommandOutcome): boolean {
  return /file exists/i.test(stdout + stderr);
}

/** Whether `route` found no such route. */
export function saysAbsent({ stdout, stderr }: CommandOutcome): boolean {
  return /not in table/i.test(stdout + stderr);
}

/** Whether `ifconfig` found no such interface. */
export function saysNoInterface({ stderr }: CommandOutcome): boolean {
  return /does not exist/i.test(stderr);
}

/**
 * The fault of an action that a program refused.
 *
 * @param action what was tried, such as "route 172.17.0.0/16 to utun4"
 * @param family 6 where an IPv6 address was to be given, which fails in its own ways
 */
export function commandFault(action: string, outcome: CommandOutcome, family: 4 | 6 = 4): OperationError {
  const { code, stderr, stdout } = outcome;
  const text = stderr + stdout;
  if (/permission denied|not permitted|must be root/i.test(text)) {
    return new OperationError("privilege", `Cannot ${action}: not permitted`, "Run the program with sudo");
  }
  if (family === 6 && /not supported|invalid argument|can't assign/i.test(text)) {
    return new OperationError(
      "unavailable",
      `Cannot ${action}: the system takes no IPv6 address here`,
      "Set `addr6 off`, or an MTU of at least 1280",
    );
  }
  const reason = text.trim().split("\n")[0] ?? "";
  return new OperationError("io", `Cannot ${action}: ${reason === "" ? `exit status ${code}` : reason}`);
}

/** The fault of an action on an interface that does not exist. */
export function interfaceFault(action: string, name: string): OperationError {
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
 * @param family which of the two `route` is to be told
 * @param interfaceName where it was to lead
 * @param owner where it leads, if known
 */
export function routeConflict(
  prefix: string,
  family: 4 | 6,
  interfaceName: string,
  owner: string | undefined,
): OperationError {
  const state = owner === undefined ? "another route has it" : `it is already routed to ${owner}`;
  return new OperationError(
    "io",
    `Cannot route ${prefix} to ${interfaceName}: ${state}`,
    `Remove that route (sudo route -n delete ${
      family === 4 ? "-inet" : "-inet6"
    } ${prefix}), or leave the prefix out of the configuration`,
  );
}
