/**
 * `deno task bench:scale [--rounds N] [--seconds N]`: whether routes and sessions slow the packet path. One TCP stream to the
 * container over tunnels that differ only in how many routes or sessions the server has, in turn; writes
 * `bench/results/DATE-scale.json`. Linux, root; about five minutes, of which one goes into a thousand tokens' keys.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { formatTable } from "../tools/table.ts";
import { runTcp } from "./iperf.ts";
import { describeMachine, load } from "./machine.ts";
import { parseOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { processorTime } from "./proc.ts";
import { type Case, withRoutes, withSessions } from "./scale_cases.ts";
import { median } from "./statistics.ts";

const ROUTES: readonly number[] = [10, 100, 1_000, 10_000];
const SESSIONS: readonly number[] = [1, 100, 1_000];
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

const spread = (values: readonly number[]) => ({
  values,
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values),
});

/** What came of each case, beside the first of its kind. */
function describe(cases: readonly Case[]) {
  return cases.map((one) => {
    const first = cases.find(({ what }) => what === one.what) ?? one;
    const { what, count, throughput, processor, repeats } = one;
    return {
      ...{ what, count, throughput: spread(throughput), processor: spread(processor), repeats },
      throughputRatio: median(throughput) / median(first.throughput),
      processorRatio: median(processor) / median(first.processor),
    };
  });
}

function tableOf(rows: ReturnType<typeof describe>): string {
  const three = ({ min, median, max }: ReturnType<typeof spread>, digits: number) =>
    [min, median, max].map((value) => value.toFixed(digits));
  return formatTable([
    ["", "Mbit/s min", "median", "max", "x the first", "server s/GB min", "median", "max", "x the first"],
    ...rows.map((row) => [
      `${row.count} ${row.what}`,
      ...three(row.throughput, 0),
      row.throughputRatio.toFixed(3),
      ...three(row.processor, 3),
      row.processorRatio.toFixed(3),
    ]),
  ]);
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
  console.log(tableOf(rows));
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
