/**
 * What an echo at a steady pace feels of a tunnel: quantiles of the round trips, and how often and how long none came back.
 *
 * @module
 */
import type { Course } from "./lanes.ts";
import { parseRoundTrips } from "./rtt.ts";
import { quantile } from "./statistics.ts";

/** Echoes of one run. */
const ECHOES: Readonly<Record<number, number>> = { 1: 6_000, 5: 2_000 };
/** Microseconds from which on a round trip has met a stall. */
export const STALL = 1_000;

/** One run. Times are microseconds. */
export interface EchoRun {
  readonly interval: number;
  readonly sent: number;
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
  /** Echoes in a row that took longer than {@linkcode STALL} are one. */
  readonly stalls: number;
  readonly stallsPerSecond: number;
}

/** Rows of round trips that took long; those behind each other are one stall. */
export function countStalls(times: readonly number[]): number {
  return times.filter((time, index) => time > STALL && !((times[index - 1] ?? 0) > STALL)).length;
}

/** Sends echoes, one every `interval` milliseconds. */
export async function measureEchoes(
  { from, address }: Course,
  interval: number,
  realtime: boolean,
): Promise<EchoRun> {
  const sent = ECHOES[interval] ?? 2_000;
  const seconds = sent * interval / 1000;
  const args = ["-n", "-i", String(interval / 1000), "-c", String(sent), "-w", String(2 * seconds), address];
  // ping writes each line at once. Reading a thousand of them a second would load the machine that is measured: a file takes them.
  const file = await Deno.makeTempFile({ dir: "/dev/shm", prefix: "docker-connector-echo-" });
  const argv = [...realtime ? ["chrt", "-r", "1"] : [], "ping", ...args];
  let lines: string;
  let stderr: string;
  try {
    ({ stderr } = await from.run(["sh", "-c", 'exec "$@" > "$0"', file, ...argv], {
      env: { LC_ALL: "C" },
      deadline: seconds * 3000,
    }));
    lines = await Deno.readTextFile(file);
  } finally {
    await Deno.remove(file);
  }
  const times = parseRoundTrips(lines);
  if (times.length === 0) throw new Error(`No echo came back from ${address}:\n${lines}${stderr}`);
  const stalls = countStalls(times);
  return {
    ...{ interval, sent, lost: sent - times.length, stalls, stallsPerSecond: stalls / seconds },
    ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99), p999: quantile(times, 0.999) },
    longest: Math.max(...times),
  };
}
