/**
 * Named steps of a gate: each is one process, several run at a time, each reports once it has ended.
 *
 * @module
 */
import { run } from "./command.ts";

/** One process of a gate. */
export interface Step {
  /** what it does, in a word or two */
  readonly name: string;
  /** program and arguments */
  readonly argv: readonly string[];
  /** environment variables besides this process's own */
  readonly env?: Readonly<Record<string, string>>;
  /** milliseconds after which it is ended and counts as failed; no limit where absent */
  readonly limit?: number;
}

/** How a step ended. */
export interface Result {
  readonly name: string;
  readonly success: boolean;
  /** wall-clock time */
  readonly seconds: number;
  /** whether it was ended at its limit */
  readonly timedOut: boolean;
  /** standard output, then standard error */
  readonly output: string;
}

async function runStep(step: Step, cwd: string, deadline: AbortSignal | undefined): Promise<Result> {
  const start = performance.now();
  const limits = deadline === undefined ? [] : [deadline];
  if (step.limit !== undefined) limits.push(AbortSignal.timeout(step.limit));
  const limit = AbortSignal.any(limits);
  const outcome = await run(step.argv, { cwd, env: { NO_COLOR: "1", ...step.env }, signal: limit });
  const seconds = (performance.now() - start) / 1000;
  return {
    name: step.name,
    success: outcome.success,
    seconds,
    timedOut: limit.aborted && !outcome.success,
    output: outcome.stdout + outcome.stderr,
  };
}

/**
 * Runs steps that do not depend on each other.
 *
 * @param steps in the order in which they start: the longest first ends soonest
 * @param options `cwd` working directory; `atOnce` how many run at the same time; `deadline` ends what runs then and
 *   what starts later; `report` is called with each result as it comes
 * @returns the results in the order of the steps
 */
export async function runSteps(
  steps: readonly Step[],
  options: {
    readonly cwd: string;
    readonly atOnce: number;
    readonly deadline?: AbortSignal;
    readonly report: (result: Result) => void;
  },
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = steps.entries();
  const lane = async () => {
    for (const [index, step] of waiting) {
      const result = await runStep(step, options.cwd, options.deadline);
      results[index] = result;
      options.report(result);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, lane));
  return results;
}

/**
 * One line for a good step; for a failed one its whole output as well.
 *
 * @param result of the step
 */
export function formatResult(result: Result): string {
  const time = `${result.seconds.toFixed(1)} s${result.timedOut ? ", ended at its limit" : ""}`;
  const line = `${result.success ? "ok  " : "FAIL"} ${result.name} (${time})`;
  return result.success ? line : `${line}\n${result.output.trimEnd()}`;
}
