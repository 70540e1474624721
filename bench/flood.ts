/**
 * What a flood from strangers costs: one TCP stream through an established session without one, beside a flood to the exposed port,
 * and beside the same flood to a port that nobody listens on, which loads the machine without being our work.
 *
 * @module
 */
import { EXPOSED_PORT } from "../tests/topology/session_pair.ts";
import { pause } from "../tests/topology/wait.ts";
import type { AccessorLane } from "./accessor_lanes.ts";
import { serveOnce } from "./iperf.ts";
import { parseTcpReport } from "./iperf_report.ts";
import { parseProcessorTime } from "./proc.ts";

/** Datagrams a second, and seconds of one: longer than the stream beside it. */
const RATE = 50_000;
const FLOOD_SECONDS = 7;
/** Seconds of a stream, and milliseconds of flood before it. */
const STREAM_SECONDS = 4;
const RAMP = 1_500;

/** A stream beside something. */
export interface Beside {
  readonly megabits: number;
  /** Part of a core that the server's main thread took meanwhile, and all its threads. */
  readonly mainThread: number;
  readonly process: number;
  /** Datagrams a second that were sent; 0 without a flood. */
  readonly rate: number;
}

/** One round. */
export type FloodRun = Readonly<Record<"quiet" | "closed" | "exposed", Beside>>;

/** How it is measured. */
export interface FloodPlan {
  /** The only processors that the flood's sender may use, as taskset takes them. */
  readonly pin: string | undefined;
  /** Mbit/s of the stream; 0: as much as goes. */
  readonly megabits: number;
}

type Side = NonNullable<AccessorLane["server"]>;

/** Seconds of processor time: of the main thread, and of the whole process. */
async function used(pid: number): Promise<{ main: number; all: number }> {
  const [main, all] = await Promise.all([
    Deno.readTextFile(`/proc/${pid}/task/${pid}/stat`),
    Deno.readTextFile(`/proc/${pid}/stat`),
  ]);
  return { main: parseProcessorTime(main), all: parseProcessorTime(all) };
}

async function stream({ process: { pid }, download }: Side, megabits: number): Promise<Omit<Beside, "rate">> {
  await using _server = await serveOnce(download);
  const args = ["-c", download.address, "-R", "-b", `${megabits}M`, "-t", String(STREAM_SECONDS), "-J"];
  const [start, before] = [performance.now(), await used(pid)];
  const report = await download.from.exec(["iperf3", ...args], (STREAM_SECONDS + 20) * 1000);
  const [seconds, after] = [(performance.now() - start) / 1000, await used(pid)];
  return {
    megabits: parseTcpReport(report).bitsPerSecond / 1e6,
    mainThread: (after.main - before.main) / seconds,
    process: (after.all - before.all) / seconds,
  };
}

async function beside(side: Side, port: number, { pin, megabits }: FloodPlan): Promise<Beside> {
  const { network } = side;
  const count = RATE * FLOOD_SECONDS;
  const args = [network.macLanAddress, String(port), String(count), String(RATE)];
  await using flood = network.lan(1).namespace.spawnScript("stranger_flood.ts", args);
  if (pin !== undefined) await network.mac.exec(["taskset", "-a", "-p", "-c", pin, String(flood.pid)]);
  await pause(RAMP);
  const result = await stream(side, megabits);
  const { milliseconds } = JSON.parse(await flood.stdout.waitFor(/milliseconds/, { deadline: 60_000 }));
  return { ...result, rate: count / milliseconds * 1000 };
}

/** One round; each begins with another of the three. */
export async function measureFlood(side: Side, round: number, plan: FloodPlan): Promise<FloodRun> {
  const ways: Readonly<Record<keyof FloodRun, () => Promise<Beside>>> = {
    quiet: async () => ({ ...await stream(side, plan.megabits), rate: 0 }),
    closed: () => beside(side, EXPOSED_PORT + 1, plan),
    exposed: () => beside(side, EXPOSED_PORT, plan),
  };
  const names = ["quiet", "closed", "exposed"] as const;
  const found: Partial<Record<keyof FloodRun, Beside>> = {};
  for (let index = 0; index < names.length; index++) {
    const name = names[(index + round) % names.length] ?? "quiet";
    found[name] = await ways[name]();
  }
  return found as FloodRun;
}
