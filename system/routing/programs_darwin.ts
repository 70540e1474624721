/**
 * The programs of macOS that show and change the network, and how they tell that something went wrong.
 *
 * `route` tells it in words only: what the kernel refuses goes to standard error, and the exit status is 0 all the same (rtmsg
 * and main in route.tproj/route.c of network_cmds-741.100.2).
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { platform } from "../../ffi/platform.ts";
import type { CommandOutcome } from "../process/command.ts";

// Absolute, because launchd gives a service a short PATH, and what PATH says is not to be trusted in a program that is root.
export const IFCONFIG: string = `${platform.programRoot}/sbin/ifconfig`;
export const ROUTE: string = `${platform.programRoot}/sbin/route`;
export const NETSTAT: string = `${platform.programRoot}/usr/sbin/netstat`;

/** Whether a program failed: by its exit status or, as `route` tells it, by a line on standard error. */
export function hasFailed({ code, stderr }: CommandOutcome): boolean {
  return code !== 0 || stderr.trim() !== "";
}

/** Whether a program said these words. */
export function says({ stdout, stderr }: CommandOutcome, words: RegExp): boolean {
  return words.test(stdout + stderr);
}

/**
 * The fault of an action that a program refused.
 *
 * @param action what was tried, such as "route 172.17.0.0/16 to utun4"
 * @param family 6 where an IPv6 address was to be given, which fails in its own ways
 */
export function commandFault(action: string, outcome: CommandOutcome, family: 4 | 6 = 4): OperationError {
  const { code, stderr, stdout } = outcome;
  if (says(outcome, /permission denied|not permitted|must be root/i)) {
    return new OperationError("privilege", `Cannot ${action}: not permitted`, "Run the program with sudo");
  }
  if (family === 6 && says(outcome, /not supported|invalid argument|can't assign/i)) {
    const remedy = "Set `addr6 off`, or an MTU of at least 1280";
    return new OperationError(
      "unavailable",
      `Cannot ${action}: the system takes no IPv6 address here`,
      remedy,
    );
  }
  const [reason] = (stderr + stdout).trim().split("\n");
  return new OperationError("io", `Cannot ${action}: ${reason || `exit status ${code}`}`);
}
