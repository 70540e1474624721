/**
 * What the long form of the matrix leaves: one JSON file, from which docs/internals/reliability.md has its table.
 *
 * @module
 */
import type { CellRun, Fault, Form, Victim } from "./cell.ts";
import type { LabPath } from "./lab.ts";

/** A cell on one path. */
export interface CellResult {
  readonly victim: Victim;
  readonly fault: Fault;
  readonly how: string;
  readonly path: LabPath;
  readonly limitMs: number;
  /** Why the transfer cannot survive. */
  readonly endsTransfer?: string;
  readonly endsContainer?: boolean;
  /** The sources that were run. */
  readonly commit: string;
  /** The machine's load over a minute after the last run; above the number of processors other work held it up. */
  readonly load: number;
  /** In a row. */
  readonly runs: readonly CellRun[];
  /** Runs that could not be brought to their end, in words. */
  readonly errors: readonly string[];
  /** What was left behind after them and a clean stop. */
  readonly left: readonly string[];
}

/** The file. */
export interface FaultResults {
  /** When it began, ISO 8601. */
  readonly date: string;
  readonly form: Form;
  readonly engine: string;
  readonly processors: number;
  readonly cells: readonly CellResult[];
}

/** The file of the newest run of everything. */
export const RESULTS_FILE = new URL("./results.json", import.meta.url);

/** Reads it. */
export async function readResults(): Promise<FaultResults> {
  return JSON.parse(await Deno.readTextFile(RESULTS_FILE));
}
