/**
 * `deno task bench [--rounds N] [--seconds N] [--only PART,PART] [--long]`: measures the tunnel beside its peers and
 * writes the figures to `bench/results/`. Linux, root; about five minutes.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { Network } from "../tests/topology/network.ts";
import { Figures } from "./figures.ts";
import { type Lane, layOut } from "./lanes.ts";
import { describeMachine, load } from "./machine.ts";
import { measureLongTransfer, measureMemory } from "./memory.ts";
import { type BenchOptions, parseOptions, PARTS } from "./options.ts";
import { prepare } from "./prepare.ts";
import { formatFigures, formatVerdicts } from "./report.ts";
import { provenance, type Result, writeResult } from "./result.ts";
import { measureRoundTrips } from "./rtt.ts";
import { layOutSessions, measureSessions, type SessionLane } from "./sessions.ts";
import { measureStart } from "./start.ts";
import { judgeTargets } from "./targets.ts";
import { measureTcp } from "./tcp.ts";
import { describeLinks, type Link } from "./tuning.ts";
import { measureUdp } from "./udp.ts";
import { warmUp } from "./warm_up.ts";

/** Each round starts with another subject, so that none is always the one after the same other. */
function rotate<T>(all: readonly T[], by: number): T[] {
  const at = by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}

async function measureRound(
  lanes: readonly Lane[],
  sessions: readonly SessionLane[],
  blank: Network,
  options: BenchOptions,
  figures: Figures,
): Promise<void> {
  const { parts } = options;
  if (parts.has("tcp") || parts.has("cpu")) await measureTcp(lanes, options, figures);
  if (parts.has("udp")) await measureUdp(lanes, options, figures);
  if (parts.has("rtt")) await measureRoundTrips(lanes, figures);
  if (parts.has("rss")) await measureMemory(lanes, figures);
  if (parts.has("sessions")) await measureSessions(sessions, options, figures);
  if (parts.has("start")) await measureStart(blank, figures);
}

/** Measures all of it and returns the interfaces that it was measured over. */
async function measure(options: BenchOptions, figures: Figures): Promise<Link[]> {
  await using stack = new AsyncDisposableStack();
  const lanes = await layOut(stack);
  const blank = stack.use(await Network.create());
  await warmUp(lanes);
  const sessions = options.parts.has("sessions") ? await layOutSessions(stack, lanes) : [];
  const links = await describeLinks([
    ...lanes,
    ...sessions.filter(({ network }) => !lanes.some((lane) => lane.network === network)),
  ]);
  for (let round = 0; round < options.rounds; round++) {
    console.error(`-- round ${round + 1} of ${options.rounds}`);
    await measureRound(rotate(lanes, round), rotate(sessions, round), blank, options, figures);
  }
  const own = lanes.find(({ subject }) => subject === "docker-connector");
  if (options.long && own !== undefined) await measureLongTransfer(own, figures);
  return links;
}

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  await prepare();
  const date = new Date();
  const machine = await describeMachine();
  const before = load();
  const figures = new Figures((line) => console.error(line));
  const links = await measure(options, figures);
  const verdicts = judgeTargets(figures);
  const result: Result = {
    date,
    command: ["deno", "task", "bench", ...Deno.args].join(" "),
    machine,
    load: { before, after: load() },
    links,
    figures,
    verdicts,
    complete: PARTS.every((part) => options.parts.has(part)),
  };
  const files = await writeResult(result);
  console.log(`${provenance(result).join("\n")}\n`);
  console.log(`${formatFigures(figures)}\n`);
  console.log(`${formatVerdicts(verdicts)}\n`);
  console.log(files.join("\n"));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(error.code === "privilege" ? 77 : error.code === "usage" ? 64 : 1);
  }
}
