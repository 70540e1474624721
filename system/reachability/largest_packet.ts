import { MIN_TRIED_MTU, MtuSearch } from "../../core/doctor/mtu_search.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { type EchoProber, USUAL_SIZE } from "./echo_prober.ts";

/** Milliseconds for an answer to one size, and to a set of sizes: a round trip takes a few at most. */
const FIRST_TIMEOUT = 700;
const ROUND_TIMEOUT = 300;

/**
 * Finds the largest packet that passes to an address and back, by echoes that no router may cut.
 *
 * @param mtu bytes of the whole packet that is to pass
 * @returns its bytes, `mtu` at most; undefined where even a small echo is not answered
 */
export async function largestPacket(
  prober: Pick<EchoProber, "ask">,
  address: IpAddress,
  mtu: number,
): Promise<number | undefined> {
  // Ascending: the kernel may send a packet and smaller ones behind it as one, which are lost together.
  const sizes = [USUAL_SIZE, MIN_TRIED_MTU, mtu].map((size) => ({ address, size }));
  const [small, low, whole] = await prober.ask(sizes, FIRST_TIMEOUT);
  if (whole !== undefined) return mtu;
  if (small === undefined) return undefined;
  const search = new MtuSearch(low === undefined ? USUAL_SIZE : MIN_TRIED_MTU, mtu);
  for (let tried = search.next(); tried.length > 0; tried = search.next()) {
    const answers = await prober.ask(tried.map((size) => ({ address, size })), ROUND_TIMEOUT);
    search.note(tried, new Set(tried.filter((_, at) => answers[at] !== undefined)));
  }
  return search.passes;
}
