/**
 * What programs cost a machine while nothing passes through them.
 *
 * @module
 */
import { pause } from "../tests/topology/wait.ts";
import type { Figures } from "./figures.ts";
import type { Lane } from "./lanes.ts";
import { processesOf } from "./memory.ts";
import { type End, idleProcessor, idleWakeUps } from "./metrics.ts";
import { type Activity, threadActivity } from "./proc.ts";
import type { Subject } from "./subjects.ts";

/** Seconds without traffic, and before that for what the last traffic left to do. */
const SECONDS = 20;
const SETTLE_SECONDS = 3;

type Threads = ReadonlyMap<string, Activity>;

/** What a process did in some time: percent of a core, wake-ups a second, and those of each kind of thread. */
export function idleFigures(before: Threads, after: Threads, seconds: number) {
  let [nanoseconds, switches] = [0, 0];
  const byName = new Map<string, number>();
  for (const [thread, activity] of after) {
    const first = before.get(thread) ?? { nanoseconds: 0, switches: 0 };
    nanoseconds += activity.nanoseconds - first.nanoseconds;
    switches += activity.switches - first.switches;
    const name = thread.slice(thread.indexOf(" ") + 1);
    byName.set(name, (byName.get(name) ?? 0) + (activity.switches - first.switches) / seconds);
  }
  const threads = [...byName].filter(([, rate]) => rate > 0).map(([name, rate]) =>
    `${name} ${rate.toFixed(1)}`
  );
  return {
    processor: 100 * nanoseconds / 1e9 / seconds,
    wakeUps: switches / seconds,
    threads: threads.join(", "),
  };
}

/** A process that is watched, and whether what it does is a figure. */
interface Watched {
  readonly subject: Subject;
  readonly end: End;
  readonly pid: number;
  readonly isFigure: boolean;
}

/**
 * The processes of all lanes. A server without an Engine looks for one, which costs it more; that is told, but is no figure. Nor is
 * a second client's.
 */
function watch(idle: Lane | undefined, lanes: readonly Lane[]): Watched[] {
  return [...idle === undefined ? [] : [idle], ...lanes].flatMap((lane) =>
    processesOf(lane).map(({ end, pid }) => {
      const looksForEngine = end === "desktop" && lane.subject !== "wireguard-go" &&
        lane.version === undefined;
      const isFigure = lane === idle || (lane.subject !== idle?.subject && !looksForEngine);
      return { subject: lane.subject, end, pid, isFigure };
    })
  );
}

/** One round: all programs are watched at the same time, since none of them has anything to do. */
export async function measureIdle(
  idle: Lane | undefined,
  lanes: readonly Lane[],
  figures: Figures,
): Promise<void> {
  const processes = watch(idle, lanes);
  await pause(SETTLE_SECONDS * 1000);
  const begin = performance.now();
  const before = await Promise.all(processes.map(({ pid }) => threadActivity(pid)));
  await pause(SECONDS * 1000);
  const after = await Promise.all(processes.map(({ pid }) => threadActivity(pid)));
  const seconds = (performance.now() - begin) / 1000;
  for (const [index, { subject, end, isFigure }] of processes.entries()) {
    const [first, last] = [before[index], after[index]];
    if (first === undefined || last === undefined) continue;
    const { processor, wakeUps, threads } = idleFigures(first, last, seconds);
    if (isFigure) {
      figures.add(idleProcessor(end), subject, processor);
      figures.add(idleWakeUps(end), subject, wakeUps);
    }
    const engine = isFigure ? "has one or needs none" : "none";
    figures.runs.push({ part: "idle", subject, end, engine, processor, wakeUps, wakeUpsByThread: threads });
  }
}
