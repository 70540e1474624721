/**
 * What comes before the first figure: programs that compile themselves as they run have done so afterwards, whichever
 * part is measured first.
 *
 * @module
 */
import { courseOf, type Lane } from "./lanes.ts";
import { DIRECTIONS } from "./metrics.ts";
import { probeRoundTrips } from "./rtt.ts";
import { runStream } from "./tcp.ts";

/** One stream each way and a run of echoes over every lane, where it has them. */
export async function warmUp(lanes: readonly Lane[], seconds: number): Promise<void> {
  for (const lane of lanes) {
    for (const direction of DIRECTIONS) await runStream(lane, direction, 1, seconds);
    if (lane.byteStream === undefined && lane.measures.loads.length > 0) {
      await probeRoundTrips(courseOf(lane, "to"));
    }
  }
}
