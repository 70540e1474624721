import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
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
  const text = known === undefined
    ? "the client does not tell its state"
    : `${known.state}, ${known.rules} rules of the client${
      known.backend === null ? "" : ` in ${known.backend}`
    }`;
  if (known?.fault !== undefined) {
    return faulty("firewall", text, fault("firewall.blocks", { why: known.fault }));
  }
  const { networks, clientMs, hasEcho } = await reach;
  const asked = networks.filter((network) => network.asked.length > 0);
  if (asked.length === 0) return sound("firewall", `${text}; no container was asked`);
  if (asked.some(({ answered }) => answered !== undefined)) return sound("firewall", text);
  if (asked.length === 1 && clientMs !== undefined && status.value.docker.networks.length > 1) {
    // One network alone: its own bridge or container may be at fault.
    return sound("firewall", text);
  }
  const client4 = clientMs !== undefined
    ? "the client itself answers"
    : hasEcho
    ? `the client's address ${status.value.interface.peer} does not answer either`
    : "the client's address could not be asked";
  const why = `The client is heard, but no container answers through the tunnel; ${client4}`;
  return faulty("firewall", text, fault("firewall.blocks", { why }, REMEDY));
}

const REMEDY =
  "Restart Docker, which makes its own rules again; look for rules that drop what comes from connector0: " +
  "\"docker run --rm --privileged --net host alpine sh -c 'apk add nftables; nft list ruleset'\"";
