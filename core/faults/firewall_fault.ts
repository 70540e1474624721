import type { FirewallFacts } from "../protocol/description.ts";
import { type Fault, fault } from "./fault_table.ts";

/** The fault of Docker's firewall: nftables' own drops packets for sure, and what else is wrong may not matter. */
export function firewallFault(
  { state, fault: why, remedy }: Pick<FirewallFacts, "state" | "fault" | "remedy">,
): Fault | undefined {
  if (why === undefined) return undefined;
  return fault(state === "nftables" ? "firewall.blocks" : "firewall.not-open", { why }, remedy);
}
