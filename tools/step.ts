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
}

/** How a step ended. */
export interface Result {
  readonly name: string;
  readonly success: boolean;
  /** wall-clock time */
  readonly seconds: number;
  /** standard output, then standard error */
  readonly output: string;
}

async function runStep(step: Step, cwd: string): Promise<Result> {
  const start = performance.now();
  const outcome = await run(step.argv, { cwd, env: { NO_COLOR: "1" } });
  const seconds = (performance.now() - start) / 1000;
  return { name: step.name, success: outcome.success, seconds, output: outcome.stdout + outcome.stderr };
}

/**
 * Runs steps that do not depend on each other.
 *
 * @param steps in the order in which they start: the longest first ends soonest
 * @param options `cwd` working directory; `atOnce` how many run at the same time; `report` is called with each
 *   result as it comes
 * @returns the results in the order of the steps
 */
export async function runSteps(
  steps: readonly Step[],
  options: { readonly cwd: string; readonly atOnce: number; readonly report: (result: Result) => void },
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = steps.entries();
  const lane = async () => {
    for (const [index, step] of waiting) {
      const result = await runStep(step, options.cwd);
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
  const line = `${result.success ? "ok  " : "FAIL"} ${result.name} (${result.seconds.toFixed(1)} s)`;
  return result.success ? line : `${line}\n${result.output.trimEnd()}`;
}
