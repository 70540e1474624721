/**
 * Child processes of the tools: their output as text, or a fault that shows it.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";

/** How a child process ended. */
export interface Outcome {
  /** whether it exited with 0 */
  readonly success: boolean;
  /** exit status */
  readonly code: number;
  /** its standard output as UTF-8 */
  readonly stdout: string;
  /** its standard error as UTF-8 */
  readonly stderr: string;
}

/** How a program is run. */
export interface RunOptions {
  /** working directory */
  readonly cwd?: string | URL;
  /** environment variables besides this process's own */
  readonly env?: Record<string, string>;
  /** ends the program */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end without input.
 *
 * @param argv program and arguments
 * @throws OperationError `unavailable` when there is no such program
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = "", ...args] = argv;
  try {
    const { success, code, stdout, stderr } = await new Deno.Command(program, {
      ...options,
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder();
    return { success, code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const message = `Cannot run ${program}: it is not installed`;
    throw new OperationError("unavailable", message, "Install it first", { cause: error });
  }
}

/**
 * Runs a program that must succeed.
 *
 * @returns its standard output
 * @throws OperationError `failure` with the program's whole output when it fails
 */
export async function runOrThrow(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.success) return outcome.stdout;
  const output = `${outcome.stdout}${outcome.stderr}`.trim();
  throw new OperationError("failure", `Cannot run ${argv.join(" ")}: exit ${outcome.code}\n${output}`);
}

/** Runs the main function of a tool. A fault is told on standard error, and the exit status is 1. */
export async function runTool(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
