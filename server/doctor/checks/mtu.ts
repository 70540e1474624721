import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { formatAddress, type IpAddress, parseAddress } from "../../../core/net/address.ts";
import { EchoProber } from "../../../system/reachability/echo_prober.ts";
import { largestPacket } from "../../../system/reachability/largest_packet.ts";
import type { Examination } from "../examination.ts";
import type { Reach } from "../reach.ts";

/**
 * Whether a packet of the interface's MTU passes, by an echo that no router may cut; else the largest that does.
 */
export async function checkMtu({ status }: Examination, reach: Promise<Reach>): Promise<CheckResult> {
  if (status.value === undefined) return skipped("mtu", "no server was asked");
  const { mtu, peer } = status.value.interface;
  const target = status.value.paths.inUse === "direct" ? await directTarget(reach) : parseAddress(peer);
  if (target === undefined) return skipped("mtu", "no address is known that could be asked");
  using prober = EchoProber.open(target.family);
  if (prober === undefined) return skipped("mtu", "this user may not send echoes; run it with sudo");
  const passes = await largestPacket(prober, target, mtu);
  if (passes === undefined) return skipped("mtu", `${formatAddress(target)} does not answer echoes`);
  if (passes === mtu) return sound("mtu", `packets of ${mtu} bytes pass`);
  const text = `packets of ${mtu} bytes are lost, ${passes} bytes pass`;
  return faulty("mtu", text, fault("path.mtu", { mtu, passes }));
}

/** On the direct path packets for containers take it, those for the client's virtual address do not. */
async function directTarget(reach: Promise<Reach>): Promise<IpAddress | undefined> {
  return (await reach).networks.find(({ answered }) => answered !== undefined)?.answered?.address;
}
