/**
 * `deno task bench:scale [--rounds N] [--seconds N]`: whether routes and sessions slow the packet path. One TCP stream to the
 * container over tunnels that differ only in how many routes or sessions the server has, in turn; writes
 * `bench/results/DATE-scale.json`. Linux, root; about three minutes, of which one goes into a thousand tokens' keys.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { OperationError } from "../core/error.ts";
import { generateToken, TOKEN_ENTROPY } from "../core/token/strength.ts";
import { Network } from "../tests/topology/network.ts";
import { Process } from "../tests/topology/process.ts";
import { EXPOSED_PORT } from "../tests/topology/session_pair.ts";
import { Tunnel } from "../tests/topology/tunnel.ts";
import { formatTable } from "../tools/table.ts";
import { runTcp } from "./iperf.ts";
import { type Course, TUNNEL_MTU } from "./lanes.ts";
import { describeMachine, load } from "./machine.ts";
import { parseOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { processorTime } from "./proc.ts";
import { median } from "./statistics.ts";

const ROUTES: readonly number[] = [10, 1_000, 10_000];
const SESSIONS: readonly number[] = [1, 100, 1_000];
/** By how much more of either may change the throughput. */
const TOLERANCE = 0.05;
/** Room for a thousand accessors; client and server keep their default addresses. */
const VIRTUAL_NETWORK = "192.168.251.1/20";
/** Milliseconds for a thousand tokens' keys, twice, and as many handshakes. */
const SESSIONS_DEADLINE = 300_000;

/** A tunnel under test. */
interface Case {
  readonly what: "routes" | "sessions";
  readonly count: number;
  readonly course: Course;
  readonly serverPid: number;
  /** Mbit/s, one per round. */
  readonly throughput: number[];
  /** Processor seconds of the server for 10^9 bytes. */
  readonly processor: number[];
  /** Why runs failed that were then repeated. */
  readonly repeats: string[];
}

function caseOf(what: Case["what"], count: number, network: Network, tunnel: Tunnel): Case {
  const { namespace, address } = network.container();
  const course = { from: network.mac, to: namespace, address };
  return {
    what,
    count,
    course,
    serverPid: tunnel.server.process.pid,
    throughput: [],
    processor: [],
    repeats: [],
  };
}

/** A tunnel with so many routes: to the container, and to networks of 100.64.0.0/10 (RFC 6598). */
async function withRoutes(count: number, stack: AsyncDisposableStack): Promise<Case> {
  const network = stack.use(await Network.create());
  const lines = [`route ${network.container().subnet}`];
  for (let index = 1; index < count; index++) {
    lines.push(`route 100.${64 + (index >> 8)}.${index & 0xff}.0/24`);
  }
  const tunnel = stack.use(
    await Tunnel.start(network, { mtu: TUNNEL_MTU, config: `${lines.join("\n")}\n` }),
  );
  return caseOf("routes", count, network, tunnel);
}

/** A tunnel with so many sessions of accessors that carry nothing. */
async function withSessions(count: number, stack: AsyncDisposableStack): Promise<Case> {
  const network = stack.use(await Network.create({ lans: 1 }));
  const tokens = Array.from(
    { length: count },
    () => generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY))),
  );
  const lines = tokens.map((token, index) =>
    `token ${token} 192.168.${241 + Math.floor(index / 250)}.${1 + index % 250}`
  );
  const config = [
    `route ${network.container().subnet} expose`,
    `expose 0.0.0.0:${EXPOSED_PORT}`,
    ...lines,
    "",
  ].join("\n");
  const addr = ["--addr", VIRTUAL_NETWORK];
  const tunnel = stack.use(
    await Tunnel.start(network, { mtu: TUNNEL_MTU, config, serverArgs: addr, clientArgs: addr }),
  );
  const file = `${network.folder}/tokens`;
  await Deno.writeTextFile(file, `${tokens.join("\n")}\n`, { mode: 0o600 });
  const script = fileURLToPath(new URL("./programs/hold_sessions.ts", import.meta.url));
  const holder = new Process(
    network.lan().namespace.argv([
      ...[Deno.execPath(), "run", "--no-check", "--quiet", "--unstable-net", "-A", script],
      ...[file, network.macLanAddress, String(EXPOSED_PORT)],
    ]),
  );
  stack.defer(async () => void await holder.stop());
  await holder.stdout.waitFor(new RegExp(`^${count} sessions$`), { deadline: SESSIONS_DEADLINE });
  return caseOf("sessions", count, network, tunnel);
}

async function measure(one: Case, seconds: number): Promise<void> {
  let before = await processorTime(one.serverPid);
  const { bytes, bitsPerSecond } = await runTcp(one.course, 1, seconds, async (why) => {
    one.repeats.push(why);
    before = await processorTime(one.serverPid);
  });
  const spent = await processorTime(one.serverPid) - before;
  one.throughput.push(bitsPerSecond / 1e6);
  one.processor.push(spent / (bytes / 1e9));
}

/** One more line a case, each beside the first of its kind. */
function describe(cases: readonly Case[]) {
  return cases.map((one) => {
    const first = cases.find(({ what }) => what === one.what) ?? one;
    const ratio = median(one.throughput) / median(first.throughput);
    const { what, count, throughput, processor, repeats } = one;
    const within = ratio >= 1 - TOLERANCE;
    return {
      what,
      count,
      throughput,
      median: median(throughput),
      processor: median(processor),
      ratio,
      within,
      repeats,
    };
  });
}

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  await prepare();
  const date = new Date();
  const before = load();
  await using stack = new AsyncDisposableStack();
  const cases: Case[] = [];
  for (const count of ROUTES) cases.push(await withRoutes(count, stack));
  for (const count of SESSIONS) cases.push(await withSessions(count, stack));
  for (const one of cases) await runTcp(one.course, 1, 1);
  for (let round = 0; round < options.rounds; round++) {
    for (let index = 0; index < cases.length; index++) {
      const one = cases[(index + round) % cases.length];
      if (one !== undefined) await measure(one, options.seconds);
    }
    console.error(`-- round ${round + 1} of ${options.rounds}`);
  }
  const rows = describe(cases);
  console.log(formatTable([
    ["", "Mbit/s", "server s/GB", "x the first", "within 5 %"],
    ...rows.map(({ what, count, median, processor, ratio, within }) => [
      ...[
        `${count} ${what}`,
        median.toFixed(0),
        processor.toFixed(3),
        ratio.toFixed(3),
        within ? "yes" : "no",
      ],
    ]),
  ]));
  const document = {
    date: date.toISOString(),
    command: ["deno", "task", "bench:scale", ...Deno.args].join(" "),
    machine: await describeMachine(),
    load: { before, after: load() },
    cases: rows,
  };
  const name = `${date.toISOString().slice(0, 16).replace(":", "")}Z-scale.json`;
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
