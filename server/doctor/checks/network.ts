import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { formatAddress } from "../../../core/net/address.ts";
import type { Examination } from "../examination.ts";
import type { NetworkReach, Reach } from "../reach.ts";

/** A container's answer from each routed network. */
export async function checkNetworks(
  { status, engine }: Examination,
  reach: Promise<Reach>,
): Promise<CheckResult> {
  if (status.value === undefined) return skipped("network", "no server was asked");
  if (engine?.value === undefined) return skipped("network", "the Engine was not asked which containers run");
  const { networks } = await reach;
  if (networks.length === 0) return skipped("network", "no network of a Docker Engine is routed");
  const silent = networks.filter(({ asked, answered }) => asked.length > 0 && answered === undefined);
  const place = networks.some(({ answered }) => answered !== undefined)
    ? "other networks do, so look at this network's containers and bridge"
    : "the tunnel's other end is there";
  const text = networks.map(describe).join("; ");
  const faults = silent.map(({ network, asked: [first] }) =>
    fault("network.silent", {
      network,
      address: first === undefined ? "" : formatAddress(first.address),
      place,
    }, REMEDY)
  );
  if (faults.length > 0) return faulty("network", text, ...faults);
  if (networks.every(({ asked }) => asked.length === 0)) return skipped("network", text);
  return sound("network", text);
}

const REMEDY = 'Look whether the container runs and its firewall lets packets in: "docker logs NAME"';

function describe({ network, asked, answered }: NetworkReach): string {
  if (asked.length === 0) return `${network}: no running container`;
  if (answered === undefined) return `${network}: ${asked.map(({ name }) => name).join(", ")} did not answer`;
  return `${network}: ${answered.name} (${formatAddress(answered.address)}) answers`;
}
