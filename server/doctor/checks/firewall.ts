import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { firewallFault } from "../../../core/faults/firewall_fault.ts";
import type { Examination } from "../examination.ts";
import type { Reach } from "../reach.ts";

/**
 * The firewall of Docker's machine: as the client there sees it, and by what comes through. The client is heard and no container
 * of any network answers: what is between them is that machine's firewall.
 */
export async function checkFirewall({ status }: Examination, reach: Promise<Reach>): Promise<CheckResult> {
  const client = status.value?.client ?? undefined;
  if (status.value === undefined || client === undefined) return skipped("firewall", "no client is known");
  const known = client.firewall;
  const backend = known?.backend ?? null;
  const text = known === undefined
    ? "the client does not tell its state"
    : `${known.state}, ${known.rules} rules of the client${backend === null ? "" : ` in ${backend}`}`;
  const closed = known && firewallFault(known);
  if (closed !== undefined) return faulty("firewall", text, closed);
  const { networks, isClientThere } = await reach;
  const asked = networks.filter((network) => network.asked.length > 0);
  if (asked.length === 0) return sound("firewall", `${text}; no container was asked`);
  if (asked.some(({ answered }) => answered !== undefined)) return sound("firewall", text);
  // One network alone of several: its own bridge or container may be at fault.
  if (asked.length === 1 && isClientThere && networks.length > 1) return sound("firewall", text);
  const own = isClientThere
    ? "the client itself answers"
    : `the client's address ${status.value.interface.peer} does not answer either`;
  const why = `The client is heard, but no container answers through the tunnel; ${own}`;
  return faulty("firewall", text, fault("firewall.blocks", { why }, REMEDY));
}

const REMEDY =
  "Restart Docker, which makes its own rules again; if that does not help, look in Docker's machine for rules " +
  'that drop what comes from connector0 ("iptables-save", "nft list ruleset")';
