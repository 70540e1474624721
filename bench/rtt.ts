/**
 * Round trips from the desktop to the container, on an idle tunnel and beside a TCP stream.
 *
 * @module
 */
import { pause } from "../tests/topology/wait.ts";
import type { Figures } from "./figures.ts";
import { Stream } from "./iperf.ts";
import { type Course, courseOf, type Lane } from "./lanes.ts";
import {
  type Load,
  LOADS,
  PACED_MEGABITS,
  ROUND_TRIP_FIGURES,
  roundTrip,
  type RoundTripFigure,
  streamBeside,
} from "./metrics.ts";
import { mean, quantile } from "./statistics.ts";

/** Echoes of one run, and seconds after which it ends with fewer. */
const PROBES = 2000;
const SECONDS = 2;
/** Bits a second of the stream beside the echoes; 0 is an unpaced one. */
const STREAM_BITS = { paced: PACED_MEGABITS * 1e6, full: 0 };
/** Milliseconds for the stream to reach its rate. */
const RAMP = 300;

/** The round trip times in microseconds of ping's output. */
export function parseRoundTrips(output: string): number[] {
  return [...output.matchAll(/ time=([\d.]+) ms$/gm)].map((match) => Math.round(Number(match[1]) * 1000));
}

/** What is said of the round trips of one run. */
export function figureOf(times: readonly number[], figure: RoundTripFigure): number {
  return figure === "average" ? mean(times) : quantile(times, figure === "p50" ? 0.5 : 0.99);
}

/**
 * Round trip times in microseconds. Sends the next echo when the last has been answered, so that ping waits in the kernel instead of spinning; it
 * subtracts the time of sending from the kernel's own time stamp of the reply.
 */
export async function probeRoundTrips({ from, address }: Course): Promise<number[]> {
  const args = ["-n", "-A", "-c", String(PROBES), "-w", String(SECONDS), address];
  const { stdout, stderr } = await from.run(["ping", ...args], { env: { LC_ALL: "C" } });
  const times = parseRoundTrips(stdout);
  if (times.length === 0) throw new Error(`No echo came back from ${address}:\n${stdout}${stderr}`);
  return times;
}

/** The round trips, and what the stream beside them carried in Mbit/s. */
interface Outcome {
  readonly times: number[];
  readonly beside?: number;
}

async function measure(lane: Lane, load: Load): Promise<Outcome> {
  if (lane.byteStream !== undefined) return { times: await lane.byteStream.echo() };
  const course = courseOf(lane, "to");
  if (load === "idle") return { times: await probeRoundTrips(course) };
  await using stream = await Stream.start(course, STREAM_BITS[load]);
  await pause(RAMP);
  const [begin, before] = [performance.now(), await stream.received()];
  const times = await probeRoundTrips(course);
  const beside = (await stream.received() - before) * 8 / 1e3 / (performance.now() - begin);
  return { times, beside };
}

/** One round. */
export async function measureRoundTrips(lanes: readonly Lane[], figures: Figures): Promise<void> {
  for (const load of LOADS) {
    for (const lane of lanes.filter(({ measures }) => measures.loads.includes(load))) {
      const { times, beside } = await measure(lane, load);
      figures.runs.push({ part: "rtt", subject: lane.subject, load, probes: times.length });
      for (const figure of ROUND_TRIP_FIGURES) {
        figures.add(roundTrip(load, figure), lane.subject, figureOf(times, figure));
      }
      // Round trips beside a stream that stands still would say nothing.
      if (beside !== undefined && load !== "idle") figures.add(streamBeside(load), lane.subject, beside);
    }
  }
}
