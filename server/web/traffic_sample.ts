import { Counter } from "../../core/counters.ts";
import type { TrafficSample } from "../../core/metrics/traffic_history.ts";
import type { DataPlane } from "../../dataplane/data_plane.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { Paths } from "../paths/paths.ts";

/** The traffic at this moment, for the charts of the page. */
export function trafficSample({ counters }: DataPlane, paths: Paths): TrafficSample {
  return {
    at: SYSTEM_CLOCK.wallClock(),
    sent: counters[Counter["outbound.bytes"]] ?? 0,
    received: counters[Counter["inbound.bytes"]] ?? 0,
    roundTripMs: paths.roundTripMs,
  };
}
