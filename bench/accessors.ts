/**
 * `deno run -A bench/accessors.ts [--build NAME=FOLDER]... [--rounds N] [--idle N] [--only PART,PART] [--realtime] [--stream MBITS]
 * [--pin CPUS]`: what an accessor feels of a server with idle accessors (`echo`), and of a flood from strangers (`flood`), beside
 * wireguard-go; bench/README.md says how. Writes `bench/results/DATE-accessors.json`. Linux, root.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";
import { PROGRAMS_FOLDER } from "../tests/topology/server_side.ts";
import { run } from "../tests/topology/process.ts";
import { formatTable } from "../tools/table.ts";
import {
  type AccessorLane,
  type Build,
  preferProcess,
  startBuild,
  startYardsticks,
} from "./accessor_lanes.ts";
import { type EchoRun, measureEchoes } from "./echo_stalls.ts";
import { type FloodRun, measureFlood } from "./flood.ts";
import { describeMachine, load } from "./machine.ts";
import { newestWireguardGo } from "./newest_programs.ts";
import { prepare } from "./prepare.ts";
import { median } from "./statistics.ts";
import { sumTurns, type Turns } from "./turns.ts";

/** Runs of echoes before those that count. */
const WARM_UPS = 3;

function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      build: { type: "string", multiple: true, default: [`docker-connector=${PROGRAMS_FOLDER}`] },
      rounds: { type: "string", default: "3" },
      idle: { type: "string", default: "100" },
      only: { type: "string", default: "echo,flood" },
      pin: { type: "string" },
      stream: { type: "string", default: "0" },
      realtime: { type: "boolean", default: false },
    },
  });
  const builds = values.build.map((text): Build => {
    const [name = "", folder = ""] = text.split("=");
    return { name, folder };
  });
  const [rounds, idle] = [Number(values.rounds), Number(values.idle)];
  return {
    builds,
    rounds,
    idle,
    parts: values.only.split(","),
    flood: { pin: values.pin, megabits: Number(values.stream) },
    realtime: values.realtime,
  };
}

/** One line of the table: the medians of the rounds, and the worst. */
function echoLine(name: string, runs: readonly EchoRun[]): string[] {
  const middle = (pick: (run: EchoRun) => number) => Math.round(median(runs.map(pick)));
  return [
    name,
    String(middle(({ p50 }) => p50)),
    String(middle(({ p99 }) => p99)),
    String(middle(({ p999 }) => p999)),
    String(Math.max(...runs.map(({ longest }) => longest))),
    median(runs.map(({ stallsPerSecond }) => stallsPerSecond)).toFixed(2),
    String(runs.reduce((sum, { lost }) => sum + lost, 0)),
  ];
}

function floodLine(name: string, runs: readonly FloodRun[]): string[] {
  const middle = (pick: (run: FloodRun) => number) => median(runs.map(pick));
  return [
    name,
    middle(({ quiet }) => quiet.megabits).toFixed(0),
    middle(({ closed }) => closed.megabits).toFixed(0),
    middle(({ exposed }) => exposed.megabits).toFixed(0),
    middle(({ exposed, closed }) => exposed.megabits / closed.megabits).toFixed(2),
    middle(({ exposed, quiet }) => exposed.megabits / quiet.megabits).toFixed(2),
    middle(({ exposed }) => exposed.mainThread * 100).toFixed(1),
    middle(({ exposed }) => exposed.rate).toFixed(0),
  ];
}

function turnsLine(name: string, sums: readonly Turns[]): string[] {
  const rate = (pick: (sum: Turns) => number) => median(sums.map((sum) => pick(sum) / sum.seconds));
  return [
    name,
    rate((sum) => sum.turns).toFixed(0),
    rate(({ slow }) => slow).toFixed(2),
    Math.max(...sums.map(({ longest }) => longest)).toFixed(2),
  ];
}

async function main(): Promise<void> {
  const { builds, rounds, idle, parts, flood, realtime } = parseOptions(Deno.args);
  await prepare();
  const newest = await newestWireguardGo();
  const date = new Date();
  const before = load();
  await using stack = new AsyncDisposableStack();
  const ours: AccessorLane[] = [];
  for (const build of builds) ours.push(await startBuild(build, idle, stack));
  const lanes = [...ours, ...await startYardsticks(stack, newest.path)];
  if (realtime) { for (const { pids } of lanes) await Promise.all(pids.map(preferProcess)); }
  const echoes = new Map<string, EchoRun[]>();
  const turns = new Map<string, Turns[]>();
  const floods = new Map<string, FloodRun[]>();
  // V8 optimizes the packet path in its first seconds of traffic: what is measured is a program that has run for a while.
  for (const { echo } of parts.includes("echo") ? lanes : []) {
    for (let run = 0; run < WARM_UPS; run++) await measureEchoes(echo, 1, realtime);
  }
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < lanes.length; index++) {
      const lane = lanes[(index + round) % lanes.length];
      if (lane === undefined) continue;
      if (parts.includes("echo")) {
        const ends = lane.server === undefined ? [] : [
          { name: `${lane.name}, server`, log: lane.server.process.stderr.lines },
          { name: `${lane.name}, accessor`, log: lane.server.accessor.stderr.lines },
        ];
        const logged = ends.map(({ log }) => log.length);
        for (const interval of [1, 5]) {
          const name = `${lane.name}, ${interval} ms`;
          echoes.set(name, [...echoes.get(name) ?? [], await measureEchoes(lane.echo, interval, realtime)]);
        }
        for (const [end, { name, log }] of ends.entries()) {
          const sum = sumTurns(log.slice(logged[end]));
          if (sum !== undefined) turns.set(name, [...turns.get(name) ?? [], sum]);
        }
      }
      if (parts.includes("flood") && lane.server !== undefined) {
        const run = await measureFlood(lane.server, round, flood);
        floods.set(lane.name, [...floods.get(lane.name) ?? [], run]);
      }
    }
    console.error(`-- round ${round + 1} of ${rounds}, load ${load().toFixed(2)}`);
  }
  if (echoes.size > 0) {
    console.log(formatTable([
      [`${idle} idle accessors`, "p50 us", "p99 us", "p99.9 us", "longest us", "stalls/s", "lost"],
      ...[...echoes].map(([name, runs]) => echoLine(name, runs)),
    ]));
  }
  if (floods.size > 0) {
    console.log(formatTable([
      [
        "flood",
        "quiet Mbit/s",
        "closed port",
        "exposed port",
        "x closed",
        "x quiet",
        "main thread %",
        "datagrams/s",
      ],
      ...[...floods].map(([name, runs]) => floodLine(name, runs)),
    ]));
  }
  if (turns.size > 0) {
    console.log(formatTable([
      ["turns of the packet loop", "turns/s", "slow/s", "longest ms"],
      ...[...turns].map(([name, sums]) => turnsLine(name, sums)),
    ]));
  }
  const document = {
    date: date.toISOString(),
    // Where the folders are says nothing on another machine.
    command: ["deno", "run", "-A", "bench/accessors.ts", ...Deno.args].join(" ").replace(
      /=\/\S+/g,
      "=FOLDER",
    ),
    machine: {
      ...await describeMachine(),
      // What it prints itself is a year behind (v0.0.20250522 in 0.0.20260522).
      wireguardGo: newest.version,
    },
    load: { before, after: load() },
    idle,
    builds: await Promise.all(builds.map(async ({ name, folder }) => ({
      name,
      version: (await run([`${folder}/docker-connector`, "--version"])).stdout.trim(),
    }))),
    echoes: Object.fromEntries(echoes),
    turns: Object.fromEntries(turns),
    floods: Object.fromEntries(floods),
  };
  const name = `${date.toISOString().slice(0, 16).replace(":", "")}Z-accessors.json`;
  const folder = new URL("./results/", import.meta.url);
  await Deno.writeTextFile(new URL(name, folder), `${JSON.stringify(document, null, 2)}\n`);
  console.log(`bench/results/${name}`);
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
