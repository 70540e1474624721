import { OperationError } from "../core/error.ts";
import { parseArguments, type ParsedArguments } from "../cli/arguments.ts";
import { versionLine } from "./build_info.ts";
import type { Program } from "../cli/command.ts";
import { EXIT_OK, exitStatusOf } from "../cli/exit_status.ts";
import { configureLog, currentLogOptions, getLogger } from "./log.ts";
import { configureProgress, progressLine } from "./progress.ts";
import { escapeControls } from "../cli/format.ts";
import { processTerminal, StdoutClosed, type Terminal } from "../cli/terminal.ts";

/** Columns of the help on a narrow terminal, and without a terminal. */
const MIN_WIDTH = 60;
const PIPE_WIDTH = 100;

/** Runs a program as this process and ends the process. */
export async function main(program: Program): Promise<never> {
  const terminal = processTerminal();
  const end = (event: Event, error: unknown) => {
    event.preventDefault();
    Deno.exit(report(program.program, error, terminal));
  };
  globalThis.addEventListener("unhandledrejection", (event) => end(event, event.reason));
  globalThis.addEventListener("error", (event) => end(event, event.error));
  Deno.exit(await runProgram(program, Deno.args, terminal));
}

/**
 * Runs a program: parses its command line, runs the command, and turns a failure into one line on stderr and
 * an exit status.
 *
 * @param args its command line, without the program itself
 * @returns the exit status
 */
export async function runProgram(
  program: Program,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    const parsed = parseArguments(program, args);
    if (parsed.action !== "run") {
      terminal.out(await answerTo(program, parsed, terminal));
      return EXIT_OK;
    }
    const invocation = parsed.command.understand(parsed.given);
    configureLog({
      level: invocation.log.level ?? "info",
      format: invocation.log.format,
      color: terminal.errColor,
      write: (line) => writeAbove(line, terminal),
    });
    configureProgress(terminal, invocation.log.format === "text");
    for (const warning of parsed.warnings) getLogger("flags").warn(warning);
    const status = await invocation.execute(terminal);
    progressLine()?.clear();
    return status;
  } catch (error) {
    return report(program.program, error, terminal);
  }
}

/** Returns the version, the help page or the completions. */
async function answerTo(
  program: Program,
  parsed: Exclude<ParsedArguments, { action: "run" }>,
  terminal: Terminal,
): Promise<string> {
  if (parsed.action === "version") return `${versionLine(program.program)}\n`;
  if (parsed.action === "completions") {
    const { answerCompletions } = await import("../cli/completions.ts");
    return await answerCompletions(program, parsed.shell, parsed.words);
  }
  const { helpPage } = await import("../cli/help_page.ts");
  const width = Math.max(MIN_WIDTH, terminal.columns ?? PIPE_WIDTH);
  return helpPage(program, parsed.path, { width, bold: terminal.outColor });
}

/** Writes a line of the log, above what tells of progress. */
function writeAbove(line: string, terminal: Terminal): void {
  const progress = progressLine();
  if (progress === undefined) terminal.err(line);
  else progress.above(line);
}

/** Prints an error in one line; returns the exit status. */
function report(program: string, error: unknown, terminal: Terminal): number {
  progressLine()?.clear();
  if (error instanceof StdoutClosed) return EXIT_OK;
  const line = (error instanceof OperationError ? error.report : unexpected(error)).replace(/\s*\n\s*/g, " ");
  const log = currentLogOptions();
  const stack = log?.level === "debug" && error instanceof Error ? error.stack : undefined;
  if (log?.format === "json") {
    // With JSON, another program reads stderr.
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
