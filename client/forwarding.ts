/**
 * The client hands packets to the machine's own forwarding; without it containers cannot be reached.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";

const log = getLogger("client");

/** "1" when the kernel forwards IPv4 (ip-sysctl). */
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";

/** Warns when this machine does not forward IPv4. Docker switches it on; the client may not write the setting. */
export async function warnWithoutForwarding(): Promise<void> {
  try {
    if ((await Deno.readTextFile(FORWARDING)).trim() !== "0") return;
  } catch {
    // Not there to be read: nothing can be said.
    return;
  }
  log.warn("IPv4 forwarding is off, containers cannot be reached; run: sysctl -w net.ipv4.ip_forward=1");
}
