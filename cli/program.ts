/**
 * The frame of a program: understands its command line, carries the command out, and turns whatever goes wrong into
 * one line on stderr and an exit status.
 *
 * @module
 */

import { runParserSync } from "@optique/core/facade";
import { formatMessage } from "@optique/core/message";
import { OperationError } from "../core/error.ts";
import { COMPLETIONS, prepareArguments } from "./arguments.ts";
import { versionLine } from "./build_info.ts";
import { anyOf, type Invocation } from "./command.ts";
import type { CommandLine } from "./command_line.ts";
import { exitDone, exitStatusOf } from "./exit_status.ts";
import { words } from "./flag.ts";
import { configureLog, currentLogSettings, getLogger } from "./log.ts";
import { escapeControls } from "./plain_text.ts";
import { processTerminal, StdoutClosed, type Terminal } from "./terminal.ts";

/** Columns of the help on a narrow terminal, and where it is no terminal. */
const LEAST_WIDTH = 60;
const PIPE_WIDTH = 100;

/** One of the three programs. */
export interface Program extends CommandLine {
  /** What it is for, in a sentence. */
  readonly brief: string;
  /** What the help says next. */
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
 * @param terminal where its words go
 * @returns the exit status
 */
export async function runProgram(
  program: Program,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    const { args: prepared, warnings } = prepareArguments(program, args);
    const invocation = understand(program, prepared, terminal);
    if (invocation === undefined) return exitDone;
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

/** Reads the command line; undefined where it asked for the help, the version or completions, which are then written. */
function understand(program: Program, args: readonly string[], terminal: Terminal): Invocation | undefined {
  if (args[0] === "--version") {
    terminal.out(`${versionLine(program.program)}\n`);
    return undefined;
  }
  let shown = false;
  const onShow = () => {
    shown = true;
  };
  const invocation = runParserSync(anyOf(program.commands), program.program, args, {
    help: { option: true, onShow },
    version: { value: versionLine(program.program), option: true, onShow },
    completion: { command: { names: [COMPLETIONS] }, onShow },
    brief: words(program.brief),
    description: words(program.description),
    // The commands' own help pages list their flags; all of them in one line would be no help.
    usageLine: [{ type: "literal", value: "[COMMAND] [FLAG...]" }],
    aboveError: "none",
    colors: terminal.outColor,
    termWidth: "auto",
    maxWidth: Math.max(LEAST_WIDTH, terminal.columns ?? PIPE_WIDTH),
    stdout: (text) => terminal.out(text.endsWith("\n") ? text : `${text}\n`),
    stderr: () => {},
    onError: (_status, fault) => {
      const text = formatMessage(fault, { quotes: false }).replace(/\s*\n+\s*/g, " ").replace(/\.$/, "");
      throw new OperationError(
        "usage",
        text.startsWith("Cannot ") ? text : `Cannot read the command line: ${text}`,
      );
    },
  });
  return shown ? undefined : invocation;
}

/** Says what went wrong in one line; returns the exit status. */
function report(program: string, error: unknown, terminal: Terminal): number {
  if (error instanceof StdoutClosed) return exitDone;
  const line = (error instanceof OperationError ? error.report : unexpected(error)).replace(/\s*\n\s*/g, " ");
  const log = currentLogSettings();
  const stack = log?.level === "debug" && error instanceof Error ? error.stack : undefined;
  if (log?.format === "json") {
    // Whoever asked for JSON reads stderr with a program.
    getLogger("program").error(line, { program, stack });
  } else {
    terminal.err(`${program}: ${escapeControls(line)}\n`);
    if (stack !== undefined) terminal.err(`${stack}\n`);
  }
  return exitStatusOf(error);
}

function unexpected(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Cannot go on: ${what}. Run with --log-level debug for more, and please report it`;
}
