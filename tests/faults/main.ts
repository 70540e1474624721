/**
 * `deno task test:faults [--form short] [--runs N] [--labs N] [--cell VICTIM:FAULT]...`: the fault matrix
 * in its long form, three runs of each cell in a row on each path, in labs side by side. It needs what the end-to-end tests
 * need, and compiled programs in dist/. In the long form it writes tests/faults/results.json, where some cells alone replace
 * those that are there; see tools/reliability.ts.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { describeCommit } from "../../tools/source_tree.ts";
import { ROOT_FOLDER } from "../../tools/freshness.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { missing } from "../topology/gate.ts";
import type { Cell, CellRun, Form } from "./cell.ts";
import { Lab, LAB_NEEDS, type LabPath } from "./lab.ts";
import { CELLS } from "./matrix.ts";
import { type CellResult, type FaultResults, readResults, RESULTS_FILE } from "./results.ts";
import { runCell, shortcomings } from "./run_cell.ts";

/** Cells that run in one lab after each other. */
interface Group {
  readonly path: LabPath;
  readonly hasClocksAndDisks: boolean;
  readonly cells: readonly Cell[];
}

/** Sleeps last longest and cost nothing meanwhile, so they have labs of their own, which start first. */
function groups(cells: readonly Cell[]): Group[] {
  const kind = (cell: Cell) => cell.fault === "sleep" ? 0 : cell.traits?.hasClocksAndDisks === true ? 2 : 1;
  return [0, 1, 2].flatMap((wanted) =>
    (["udp", "engine"] as const).map((path) => ({
      path,
      hasClocksAndDisks: wanted !== 1,
      cells: cells.filter((cell) => kind(cell) === wanted && (cell.path ?? path) === path),
    }))
  ).filter((group) => group.cells.length > 0);
}

/** How the cells are run. */
interface RunOptions {
  readonly form: Form;
  readonly runs: number;
  readonly commit: string;
  readonly report: (result: CellResult) => Promise<void>;
}

/** Runs the cells of a group; after a run that failed as a whole in a new lab. */
async function runGroup({ path, hasClocksAndDisks, cells }: Group, options: RunOptions): Promise<void> {
  let lab: Lab | undefined;
  for (const cell of cells) {
    const runs: CellRun[] = [];
    const errors: string[] = [];
    let left: readonly string[] = [];
    try {
      lab ??= await Lab.start(path, { hasClocksAndDisks });
      await lab.waitUp();
      while (runs.length < options.runs) runs.push(await runCell(lab, cell, options.form));
      left = await lab.stop();
    } catch (error) {
      errors.push(String(error).split("\n")[0] ?? "");
      await lab?.[Symbol.asyncDispose]().catch(console.error);
      lab = undefined;
    }
    const { victim, fault, how, limitMs, endsTransfer, endsContainer } = cell;
    const ends = {
      ...endsTransfer === undefined ? {} : { endsTransfer },
      ...endsContainer === undefined ? {} : { endsContainer },
    };
    const { commit } = options;
    const load = Math.round(Deno.loadavg()[0] ?? 0);
    await options.report({ victim, fault, how, path, limitMs, ...ends, commit, load, runs, errors, left });
    for (const run of runs) for (const words of shortcomings(cell, run)) console.log(`    ${words}`);
  }
  await lab?.[Symbol.asyncDispose]();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      form: { type: "string", default: "long" },
      runs: { type: "string", default: "3" },
      labs: { type: "string", default: "3" },
      cell: { type: "string", multiple: true },
    },
  });
  const reason = missing(LAB_NEEDS);
  if (reason !== undefined) {
    console.error(`The fault matrix ${reason}`);
    return 1;
  }
  const form: Form = values.form === "short" ? "short" : "long";
  const date = new Date().toISOString();
  const commit = await describeCommit(ROOT_FOLDER);
  const wanted = CELLS.filter(({ victim, fault }) => values.cell?.includes(`${victim}:${fault}`) ?? true);
  const known = new Set(CELLS.map(({ victim, fault }) => `${victim}:${fault}`));
  const unknown = values.cell?.find((cell) => !known.has(cell));
  if (unknown !== undefined) {
    console.error(`Cannot run the cell "${unknown}": there is none. Give one of ${[...known].join(", ")}`);
    return 64;
  }
  const isWhole = values.cell === undefined;
  const before = isWhole ? [] : (await readResults()).cells;
  const done: CellResult[] = [];
  const report = async (result: CellResult) => {
    done.push(result);
    const times = result.runs.map(({ recoveryMs }) => recoveryMs ?? "never").join(", ");
    console.log(`${result.path}: ${result.victim}, ${result.fault}: ${times} ms ${result.errors.join("; ")}`);
    if (result.left.length > 0) console.log(`    left behind: ${result.left.join("; ")}`);
    if (form === "short") return;
    const place = ({ victim, how, path }: CellResult) =>
      2 * CELLS.findIndex((cell) => cell.victim === victim && cell.how === how) + (path === "udp" ? 0 : 1);
    const kept = before.filter((cell) => !done.some((other) => place(other) === place(cell)));
    const cells = [...kept, ...done].toSorted((a, b) => place(a) - place(b));
    const results: FaultResults = {
      ...{ date, form, engine: DEFAULT_ENGINE.title, processors: navigator.hardwareConcurrency, cells },
    };
    await Deno.writeTextFile(RESULTS_FILE, `${JSON.stringify(results, null, 1)}\n`);
  };
  const waiting = groups(wanted);
  const lane = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      await runGroup(group, { form, commit, runs: Number(values.runs), report });
    }
  };
  await Promise.all(Array.from({ length: Number(values.labs) }, lane));
  const missed = done.filter(({ runs, errors, left, ...cell }) => {
    const whole = CELLS.find(({ victim, how }) => victim === cell.victim && how === cell.how);
    return errors.length > 0 || left.length > 0 ||
      runs.some((run) => whole !== undefined && shortcomings(whole, run).length > 0);
  });
  console.log(`${done.length} cells, ${missed.length} of them not as they have to be`);
  return missed.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
