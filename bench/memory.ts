/**
 * Resident memory of the tunnels' processes: after a round, and over a long transfer.
 *
 * @module
 */
import { pause } from "../tests/topology/wait.ts";
import type { Figures } from "./figures.ts";
import { runTcpBytes } from "./iperf.ts";
import { courseOf, type Lane } from "./lanes.ts";
import { type End, ENDS, residentMemory, residentMemoryAfterLong, residentMemoryDrift } from "./metrics.ts";
import { parseReceivedBytes, processMemory } from "./proc.ts";
import { driftOf, type Sample } from "./statistics.ts";

/** Bytes of the long transfer. */
const LONG = 10e9;
/** Milliseconds between two looks at the memory. */
const INTERVAL = 100;

/** A lane's processes. */
export function processesOf(lane: Lane): { readonly end: End; readonly pid: number }[] {
  return ENDS.flatMap((end) => {
    const pid = lane.pids[end];
    return pid === undefined ? [] : [{ end, pid }];
  });
}

/** One look at every process. */
export async function measureMemory(lanes: readonly Lane[], figures: Figures): Promise<void> {
  for (const lane of lanes) {
    for (const { end, pid } of processesOf(lane)) {
      figures.add(residentMemory(end), lane.subject, await processMemory(pid) / 1e6);
    }
  }
}

/** Moves 10 GB over one stream to the container and watches the memory of both processes on the way. */
export async function measureLongTransfer(lane: Lane, figures: Figures): Promise<void> {
  const processes = processesOf(lane).map((process) => ({ ...process, samples: [] as Sample[] }));
  let start: number | undefined;
  await runTcpBytes(courseOf(lane, "to"), LONG, async (receiver, done) => {
    while (!done()) {
      // The receiver ends by itself a moment before the sender is done.
      const table = await Deno.readTextFile(`/proc/${receiver.pid}/net/dev`).catch(() => undefined);
      if (table === undefined) break;
      const received = parseReceivedBytes(table, "eth0");
      start ??= received;
      for (const { pid, samples } of processes) {
        samples.push({ progress: received - start, value: await processMemory(pid) });
      }
      await pause(INTERVAL);
    }
  });
  for (const { end, pid, samples } of processes) {
    figures.add(residentMemoryAfterLong(end), lane.subject, await processMemory(pid) / 1e6);
    figures.add(residentMemoryDrift(end), lane.subject, 100 * driftOf(samples, LONG));
    const series = samples.map(({ value }) => (value / 1e6).toFixed(1)).join(" ");
    figures.runs.push({ part: "rss", subject: lane.subject, end, intervalMs: INTERVAL, megabytes: series });
  }
}
