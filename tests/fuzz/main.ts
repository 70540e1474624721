/**
 * `deno task test:fuzz [--long] [--only TARGET,...] [--seed N] [--runs N] [--from N] [--grow]`: gives each target (targets.ts) its
 * kept inputs and others made of them, and prints what came of it. The first fault ends it with exit status 1.
 *
 * Without `--runs` all targets together take 100,000 datagrams and 10,000 texts, with `--long` 10,000,000 and 1,000,000.
 * `--grow` keeps each input that reaches code which no kept one reaches.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { configureLog } from "../../program/log.ts";
import { keep } from "./corpus.ts";
import { Finding, type RunReport, runTarget } from "./run_target.ts";
import { runsOf, TARGETS } from "./targets.ts";

/** The sums of a run. */
const TOTALS = {
  short: { datagrams: 100_000, texts: 10_000 },
  long: { datagrams: 10_000_000, texts: 1_000_000 },
};

const HEAD = ["target", "kept", "inputs", "seconds", "inputs/s", "slowest ms", "growth KiB"];

function rowOf({ target, kept, inputs, seconds, slowest, growth }: RunReport): string[] {
  const numbers = [kept, inputs, seconds.toFixed(1), Math.round(inputs / seconds), slowest.toFixed(1)];
  return [target, ...numbers.map(String), growth === undefined ? "-" : String(Math.round(growth / 1024))];
}

const print = (cells: readonly string[]) =>
  console.log(cells.map((cell, index) => index === 0 ? cell.padEnd(22) : cell.padStart(11)).join(""));

async function fuzz(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      long: { type: "boolean", default: false },
      grow: { type: "boolean", default: false },
      only: { type: "string" },
      seed: { type: "string" },
      runs: { type: "string" },
      from: { type: "string", default: "0" },
    },
  });
  const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  const only = values.only?.split(",");
  const targets = TARGETS.filter(({ name }) => only?.includes(name) ?? true);
  const unknown = only?.find((name) => !TARGETS.some((target) => target.name === name));
  const numbers = [seed, Number(values.runs ?? 0), Number(values.from)];
  if (unknown !== undefined || !numbers.every((number) => Number.isInteger(number) && number >= 0)) {
    const what = unknown === undefined ? "a flag's number is none" : `there is no target "${unknown}"`;
    console.error(`Cannot fuzz: ${what}. The targets are ${TARGETS.map(({ name }) => name).join(", ")}`);
    return false;
  }
  // Refusals are logged, a line for many; here they would hide the table.
  configureLog({ level: "error", format: "text", color: false, write: () => {} });
  console.log(`seed ${seed}`);
  print(HEAD);
  let isGood = true;
  const reports: RunReport[] = [];
  for (const target of targets) {
    const runs = Number(values.runs ?? runsOf(target, TOTALS[values.long ? "long" : "short"]));
    try {
      let count = 0;
      const onNew = (input: Uint8Array, reached: number) => {
        const name = `reached-${seed}-${count++}`;
        const comment = `reaches ${reached} characters of code that no other does`;
        console.log(`kept ${keep(target.name, name, target.kind === "texts", input, comment)}`);
      };
      const options = { seed, runs, from: Number(values.from) };
      const report = await runTarget(target, values.grow ? { ...options, onNew } : options);
      reports.push(report);
      print(rowOf(report));
    } catch (error) {
      isGood = false;
      console.error(`FAILED  ${error instanceof Finding ? error.message : error}`);
    }
  }
  for (const kind of ["datagrams", "texts"] as const) {
    const names = new Set(targets.filter((target) => target.kind === kind).map(({ name }) => name));
    const sum = reports.filter(({ target }) => names.has(target)).reduce(
      (total, { inputs }) => total + inputs,
      0,
    );
    console.log(`${sum} ${kind}`);
  }
  return isGood;
}

if (import.meta.main && !await fuzz()) Deno.exit(1);
