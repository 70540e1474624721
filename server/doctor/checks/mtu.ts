import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { MIN_TRIED_MTU, MtuSearch } from "../../../core/doctor/mtu_search.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { formatAddress, type IpAddress, parseAddress } from "../../../core/net/address.ts";
import { EchoProber, USUAL_SIZE } from "../../../system/reachability/echo_prober.ts";
import type { Examination } from "../examination.ts";
import type { Reach } from "../reach.ts";

/** Milliseconds for an answer to one size, and to a set of sizes: a round trip takes a few at most. */
const FIRST_TIMEOUT = 700;
const ROUND_TIMEOUT = 300;

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
  const of = formatAddress(target);
  const sizes = [mtu, USUAL_SIZE, MIN_TRIED_MTU].map((size) => ({ address: target, size }));
  const [whole, small, low] = await prober.ask(sizes, FIRST_TIMEOUT);
  if (whole !== undefined) return sound("mtu", `packets of ${mtu} bytes pass`);
  if (small === undefined) return skipped("mtu", `${of} does not answer echoes`);
  const search = new MtuSearch(low === undefined ? USUAL_SIZE : MIN_TRIED_MTU, mtu);
  for (let tried = search.next(); tried.length > 0; tried = search.next()) {
    const answers = await prober.ask(tried.map((size) => ({ address: target, size })), ROUND_TIMEOUT);
    search.note(tried, new Set(tried.filter((_, at) => answers[at] !== undefined)));
  }
  const { passes } = search;
  const text = `packets of ${mtu} bytes are lost, ${passes} bytes pass`;
  return faulty("mtu", text, fault("path.mtu", { mtu, passes }));
}

/** On the direct path packets for containers take it, those for the client's virtual address do not. */
async function directTarget(reach: Promise<Reach>): Promise<IpAddress | undefined> {
  return (await reach).networks.find(({ answered }) => answered !== undefined)?.answered?.address;
}
