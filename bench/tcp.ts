/**
 * TCP throughput, and the processor time that a tunnel's processes take for it.
 *
 * @module
 */
import type { Figures } from "./figures.ts";
import { type OnRepeat, runTcp } from "./iperf.ts";
import type { TcpReport } from "./iperf_report.ts";
import { courseOf, type Lane } from "./lanes.ts";
import {
  cpuPerGigabyte,
  type Direction,
  DIRECTIONS,
  type End,
  ENDS,
  tcpThroughput,
  tcpThroughputIpv6,
} from "./metrics.ts";
import type { BenchOptions } from "./options.ts";
import { processorTime } from "./proc.ts";

/** How many streams at a time. */
export const STREAMS: readonly number[] = [1, 8];

async function processorTimes(lane: Lane): Promise<Map<End, number>> {
  const times = new Map<End, number>();
  for (const end of ENDS) {
    const pid = lane.pids[end];
    if (pid !== undefined) times.set(end, await processorTime(pid));
  }
  return times;
}

/** One run over a lane, whatever carries its bytes. */
export async function runStream(
  lane: Lane,
  direction: Direction,
  streams: number,
  seconds: number,
  onRepeat?: OnRepeat,
): Promise<TcpReport> {
  if (lane.byteStream !== undefined) return await lane.byteStream.carry(direction, seconds);
  return await runTcp(courseOf(lane, direction), streams, seconds, onRepeat);
}

/** One run, each of whose figures is kept if its part was asked for. */
async function measure(
  lane: Lane,
  direction: Direction,
  streams: number,
  options: BenchOptions,
  figures: Figures,
): Promise<void> {
  let before = await processorTimes(lane);
  const { bytes, bitsPerSecond } = await runStream(
    lane,
    direction,
    streams,
    options.seconds,
    async (why) => {
      figures.repeated({ part: "tcp", subject: lane.subject, direction, streams }, why);
      // What the failed run cost is not the figure's.
      before = await processorTimes(lane);
    },
  );
  const after = await processorTimes(lane);
  if (options.parts.has("tcp")) {
    figures.add(tcpThroughput(direction, streams), lane.subject, bitsPerSecond / 1e6);
  }
  if (streams !== 1 || !options.parts.has("cpu")) return;
  for (const [end, time] of after) {
    const seconds = time - (before.get(end) ?? 0);
    figures.add(cpuPerGigabyte(direction, end), lane.subject, seconds / (bytes / 1e9));
  }
}

/** One stream over IPv6, right after the one over IPv4 that it is compared with. */
async function measureIpv6(
  lane: Lane,
  direction: Direction,
  { parts, seconds }: BenchOptions,
  figures: Figures,
): Promise<void> {
  const course = lane.ipv6Course?.(direction);
  if (course === undefined || !parts.has("tcp")) return;
  const run = { part: "tcp6", subject: lane.subject, direction };
  const { bitsPerSecond } = await runTcp(course, 1, seconds, (why) => figures.repeated(run, why));
  figures.add(tcpThroughputIpv6(direction), lane.subject, bitsPerSecond / 1e6);
}

/** One round. */
export async function measureTcp(
  lanes: readonly Lane[],
  options: BenchOptions,
  figures: Figures,
): Promise<void> {
  for (const streams of options.parts.has("tcp") ? STREAMS : [1]) {
    for (const direction of DIRECTIONS) {
      for (const lane of lanes.filter(({ measures }) => measures.streams.includes(streams))) {
        await measure(lane, direction, streams, options, figures);
        if (streams === 1) await measureIpv6(lane, direction, options, figures);
      }
    }
  }
}
