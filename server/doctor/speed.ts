import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { EchoProber } from "../../system/reachability/echo_prober.ts";
import type { Examination } from "./examination.ts";

/** Milliseconds of the measurement. */
const DURATION = 1_000;

/**
 * Measures what the path in use carries each way, by echoes of the interface's MTU that the client's kernel sends back, or a
 * container's where packets take no tunnel. 128 are on the way at once, so a path is never flooded. TCP is several times faster
 * where systems hand over large packets: this is the least that can be expected.
 *
 * @param container a container that answers
 * @returns the figure in words
 */
export async function measureSpeed(
  { status }: Examination,
  container: IpAddress | undefined,
): Promise<string> {
  if (status.value === undefined) return "throughput not measured: no server was asked";
  const { interface: { peer, mtu }, paths: { inUse } } = status.value;
  const address = inUse === "direct" ? container : parseAddress(peer);
  if (address === undefined || inUse === null) return "throughput not measured: no path is up";
  using prober = EchoProber.open(address.family);
  if (prober === undefined) return "throughput not measured: run it with sudo";
  const amount = await prober.measure({ address, size: mtu }, DURATION);
  if (amount === undefined) return `throughput not measured: ${formatAddress(address)} does not answer`;
  const rate = amount.bytes * 8 / amount.milliseconds / 1000;
  const shown = rate >= 1000 ? `${(rate / 1000).toFixed(1)} Gbit/s` : `${rate.toFixed(0)} Mbit/s`;
  return `at least ${shown} each way at once by ${inUse} (echoes of ${mtu} bytes for 1 s)`;
}
