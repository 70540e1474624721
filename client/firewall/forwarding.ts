/**
 * The client hands packets to the machine's own forwarding; without it containers cannot be reached.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { readSysctl } from "../../ffi/libc/sysctl_linux.ts";

const log = getLogger("client");

/** Warns when this machine does not forward IPv4. Docker switches it on; the client may not write the setting. */
export function warnWithoutForwarding(): void {
  if (readSysctl("net/ipv4/ip_forward") !== "0") return;
  log.warn("IPv4 forwarding is off, containers cannot be reached; run: sysctl -w net.ipv4.ip_forward=1");
}
