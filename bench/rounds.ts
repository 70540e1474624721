/**
 * One whole benchmark: laid out, warmed up, measured in rounds.
 *
 * @module
 */
import { Network } from "../tests/topology/network.ts";
import { measureAccessors } from "./accessor.ts";
import { layOutAccessors } from "./accessor_tunnels.ts";
import { type DarwinTunnel, layOutDarwin, measureDarwin } from "./darwin_calls.ts";
import type { Figures } from "./figures.ts";
import { measureIdle } from "./idle.ts";
import { layOutIdleTunnel } from "./idle_tunnel.ts";
import type { Lane } from "./lanes.ts";
import { load } from "./machine.ts";
import { measureLongTransfer, measureMemory } from "./memory.ts";
import type { WireguardProgram } from "./newest_programs.ts";
import type { BenchOptions } from "./options.ts";
import { measureRoundTrips } from "./rtt.ts";
import { measureStart } from "./start.ts";
import { ENGINE_SUBJECTS, type Subject, upstreamVersion } from "./subjects.ts";
import { measureTcp } from "./tcp.ts";
import { layOut } from "./topologies.ts";
import { describeLinks, describeSockets, type Link, type SocketBuffers } from "./tuning.ts";
import { measureUdp } from "./udp.ts";
import { warmUp } from "./warm_up.ts";

/** All that stands side by side. */
interface Bench {
  readonly lanes: readonly Lane[];
  readonly accessors: readonly Lane[];
  readonly blank: Network;
  readonly darwin: DarwinTunnel | undefined;
  readonly idle: Lane | undefined;
}

/** What it was measured over. */
interface Surroundings {
  readonly links: readonly Link[];
  readonly sockets: readonly SocketBuffers[];
  readonly engine: string;
  readonly cipher: string;
}

/** Each round starts with another subject, so that none is always the one after the same other. */
function rotate<T>(all: readonly T[], by: number): T[] {
  const at = by % Math.max(1, all.length);
  return [...all.slice(at), ...all.slice(0, at)];
}

async function measureRound(
  bench: Bench,
  round: number,
  options: BenchOptions,
  figures: Figures,
): Promise<void> {
  const { parts } = options;
  const lanes = rotate(bench.lanes, round);
  const accessors = rotate(bench.accessors, round);
  if (parts.has("tcp") || parts.has("cpu")) await measureTcp(lanes, options, figures);
  if (parts.has("udp")) await measureUdp(lanes, options, figures);
  if (parts.has("rtt")) await measureRoundTrips(lanes, figures);
  if (parts.has("accessor")) await measureAccessors(accessors, options, figures);
  if (parts.has("rss")) await measureMemory([...lanes, ...accessors], figures);
  if (parts.has("idle")) await measureIdle(bench.idle, [...lanes, ...accessors], figures);
  if (parts.has("start")) await measureStart(bench.blank, figures);
  if (bench.darwin !== undefined) await measureDarwin(bench.darwin, figures);
}

/** Measures all of it. */
export async function measure(
  options: BenchOptions,
  newest: WireguardProgram,
  figures: Figures,
): Promise<Surroundings> {
  await using stack = new AsyncDisposableStack();
  const { parts, subjects } = options;
  const ground = { stack, newest };
  const needsLanes = (["tcp", "cpu", "udp", "rtt", "rss", "idle"] as const).some((part) => parts.has(part));
  const lanes = needsLanes || options.long ? await layOut(ground, subjects) : [];
  const needsAccessors = subjects.has("accessor") && (parts.has("accessor") || parts.has("idle"));
  const bench: Bench = {
    lanes,
    accessors: needsAccessors ? await layOutAccessors(ground) : [],
    blank: stack.use(await Network.create({ link: "veth" })),
    darwin: parts.has("darwin") ? await layOutDarwin(stack) : undefined,
    idle: parts.has("idle") && subjects.has("docker-connector") ? await layOutIdleTunnel(ground) : undefined,
  };
  const all = [...bench.lanes, ...bench.accessors];
  await warmUp(all, 2 * options.seconds);
  const versionOf = (name: Subject) => all.find(({ subject }) => subject === name)?.version ?? "";
  const surroundings = {
    links: await describeLinks(all),
    sockets: await describeSockets(all),
    engine: upstreamVersion(ENGINE_SUBJECTS.map(versionOf).find((version) => version !== "") ?? ""),
    cipher: versionOf("accessor"),
  };
  for (let round = 0; round < options.rounds; round++) {
    console.error(`-- round ${round + 1} of ${options.rounds}, load ${load().toFixed(2)}`);
    await measureRound(bench, round, options, figures);
  }
  const own = lanes.find(({ subject }) => subject === "docker-connector");
  if (options.long && own !== undefined) await measureLongTransfer(own, figures);
  return surroundings;
}
