/**
 * What an accessor gets of the server's own address, encrypted, beside wireguard-go.
 *
 * @module
 */
import type { Figures } from "./figures.ts";
import { runTcp } from "./iperf.ts";
import { courseOf, type Lane } from "./lanes.ts";
import { accessorRoundTrip, accessorThroughput, DIRECTIONS, ROUND_TRIP_FIGURES } from "./metrics.ts";
import type { BenchOptions } from "./options.ts";
import { figureOf, probeRoundTrips } from "./rtt.ts";

/** One round. */
export async function measureAccessors(
  lanes: readonly Lane[],
  { seconds }: BenchOptions,
  figures: Figures,
): Promise<void> {
  for (const direction of DIRECTIONS) {
    for (const lane of lanes) {
      const run = { part: "accessor", subject: lane.subject, direction };
      const course = courseOf(lane, direction);
      const { bitsPerSecond } = await runTcp(course, 1, seconds, (why) => figures.repeated(run, why));
      figures.add(accessorThroughput(direction), lane.subject, bitsPerSecond / 1e6);
    }
  }
  for (const lane of lanes) {
    const times = await probeRoundTrips(courseOf(lane, "to"));
    for (const figure of ROUND_TRIP_FIGURES) {
      figures.add(accessorRoundTrip(figure), lane.subject, figureOf(times, figure));
    }
  }
}
