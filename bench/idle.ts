/**
 * What programs cost a machine while nothing passes through them.
 *
 * @module
 */
import { pause } from "../tests/topology/wait.ts";
import type { Figures } from "./figures.ts";
import type { Lane } from "./lanes.ts";
import { processesOf } from "./memory.ts";
import { idleProcessor, idleWakeUps } from "./metrics.ts";
import { type Activity, processActivity } from "./proc.ts";

/** Seconds without traffic, and before that for what the last traffic left to do. */
const SECONDS = 20;
const SETTLE_SECONDS = 3;

/** What a process did in some time. */
export function idleFigures(
  before: Activity,
  after: Activity,
  seconds: number,
): { readonly processor: number; readonly wakeUps: number } {
  return {
    processor: 100 * (after.nanoseconds - before.nanoseconds) / 1e9 / seconds,
    wakeUps: (after.switches - before.switches) / seconds,
  };
}

/** One round: all programs are watched at the same time, since none of them has anything to do. */
export async function measureIdle(lanes: readonly Lane[], figures: Figures): Promise<void> {
  const processes = lanes.flatMap((lane) => processesOf(lane).map((process) => ({ ...process, lane })));
  await pause(SETTLE_SECONDS * 1000);
  const begin = performance.now();
  const before = await Promise.all(processes.map(({ pid }) => processActivity(pid)));
  await pause(SECONDS * 1000);
  const after = await Promise.all(processes.map(({ pid }) => processActivity(pid)));
  const seconds = (performance.now() - begin) / 1000;
  for (const [index, { end, lane }] of processes.entries()) {
    const [first, last] = [before[index], after[index]];
    if (first === undefined || last === undefined) continue;
    const { processor, wakeUps } = idleFigures(first, last, seconds);
    figures.add(idleProcessor(end), lane.subject, processor);
    figures.add(idleWakeUps(end), lane.subject, wakeUps);
  }
}
