import type { FirewallFacts } from "../protocol/description.ts";
import { type Fault, fault } from "./fault_table.ts";

/**
 * The fault of Docker's firewall: nftables' own drops packets for sure, and what else is wrong may not matter. While it is open there may
 * be a rule that the client cannot read.
 */
export function firewallFault(
  { state, fault: why, remedy }: Pick<FirewallFacts, "state" | "fault" | "remedy">,
): Fault | undefined {
  if (why === undefined) return undefined;
  if (state === "open") return fault("firewall.unread-rule", { why }, remedy);
  return fault(state === "nftables" ? "firewall.blocks" : "firewall.not-open", { why }, remedy);
}
