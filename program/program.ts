/**
 * The frame of a program: it parses the command line, runs the command, and turns every error into one line on stderr
 * and an exit status.
 *
 * @module
 */

import { OperationError } from "../core/error.ts";
import { COMPLETIONS, findCommand, prepareArguments } from "../cli/arguments.ts";
import { versionLine } from "./build_info.ts";
import type { CommandLine } from "../cli/command_line.ts";
import { EXIT_OK, exitStatusOf } from "../cli/exit_status.ts";
import { configureLog, currentLogOptions, getLogger } from "./log.ts";
import { escapeControls } from "../cli/escape.ts";
import { processTerminal, StdoutClosed, type Terminal } from "../cli/terminal.ts";

/** Columns of the help on a narrow terminal, and without a terminal. */
const MIN_WIDTH = 60;
const PIPE_WIDTH = 100;

/** One of the three programs. */
export interface Program extends CommandLine {
  /** Its purpose, in a sentence. */
  readonly brief: string;
  /** The next paragraph of the help. */
  readonly description: string;
}

/**
 * Runs a program as this process and ends the process.
 *
 * @param program the program
 */
export async function main(program: Program): Promise<never> {
  const terminal = processTerminal();
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    Deno.exit(report(program.program, event.reason, terminal));
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    Deno.exit(report(program.program, event.error, terminal));
  });
  Deno.exit(await runProgram(program, Deno.args, terminal));
}

/**
 * Runs a program.
 *
 * @param program the program
 * @param args its command line, without the program itself
 * @param terminal its output
 * @returns the exit status
 */
export async function runProgram(
  program: Program,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    const { args: prepared, warnings } = prepareArguments(program, args);
    const answer = await answerTo(program, prepared, terminal);
    if (answer !== undefined) {
      terminal.out(answer);
      return EXIT_OK;
    }
    const { command, path } = findCommand(program, prepared);
    const invocation = command.understand(prepared.slice(path.length));
    configureLog({
      level: invocation.log.level ?? "info",
      format: invocation.log.format,
      color: terminal.errColor,
      write: (line) => terminal.err(line),
    });
    for (const warning of warnings) getLogger("flags").warn(warning);
    return await invocation.execute(terminal);
  } catch (error) {
    return report(program.program, error, terminal);
  }
}

/** Returns the version, help or completions if the command line asks for them, else undefined. */
async function answerTo(
  program: Program,
  args: readonly string[],
  terminal: Terminal,
): Promise<string | undefined> {
  if (args[0] === "--version") return `${versionLine(program.program)}\n`;
  if (args[0] === COMPLETIONS && args[1] !== "--help") {
    const { answerCompletions } = await import("../cli/completions.ts");
    return answerCompletions(program, args.slice(1));
  }
  const last = args.indexOf("--");
  if (!args.slice(0, last < 0 ? undefined : last).includes("--help")) return undefined;
  const { helpPage } = await import("../cli/help_page.ts");
  const width = Math.max(MIN_WIDTH, terminal.columns ?? PIPE_WIDTH);
  return helpPage(program, args, { width, bold: terminal.outColor });
}

/** Reports an error in one line and returns the exit status. */
function report(program: string, error: unknown, terminal: Terminal): number {
  if (error instanceof StdoutClosed) return EXIT_OK;
  const line = (error instanceof OperationError ? error.report : unexpected(error)).replace(/\s*\n\s*/g, " ");
  const log = currentLogOptions();
  const stack = log?.level === "debug" && error instanceof Error ? error.stack : undefined;
  if (log?.format === "json") {
    // With JSON, a program reads stderr.
    getLogger("program").error(line, { program, stack });
  } else {
    terminal.err(`${program}: ${escapeControls(line)}\n`);
    if (stack !== undefined) terminal.err(`${stack}\n`);
  }
  return exitStatusOf(error);
}

function unexpected(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Cannot go on: ${text}. Run with --log-level debug for more, and please report it`;
}
