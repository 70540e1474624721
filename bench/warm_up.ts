/**
 * What comes before the first figure: programs that compile themselves as they run have done so afterwards, whichever
 * part is measured first.
 *
 * @module
 */
import { DIRECTIONS } from "./figures.ts";
import { runTcp } from "./iperf.ts";
import { courseOf, type Lane } from "./lanes.ts";
import { probeRoundTrips } from "./rtt.ts";

/** One second of TCP each way and a run of echoes over every lane. */
export async function warmUp(lanes: readonly Lane[]): Promise<void> {
  for (const lane of lanes) {
    for (const direction of DIRECTIONS) await runTcp(courseOf(lane, direction), 1, 1);
    await probeRoundTrips(courseOf(lane, "to"));
  }
}
