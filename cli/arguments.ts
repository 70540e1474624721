/**
 * Brings a command line into the one spelling that the commands read, and says what is wrong with it in words
 * for people. Three liberties are taken up here: `run` may be left out, `-name` is the same as `--name`, and flags of
 * the original that are no longer needed may still be there.
 *
 * A word that belongs to no flag is never repeated in a message: it could be part of a secret.
 *
 * @module
 */

import { suggest } from "../core/suggest.ts";
import { quote } from "../core/result.ts";
import { OperationError } from "../core/error.ts";
import type { Command } from "./command.ts";
import type { CommandLine } from "./command_line.ts";
import { FlagScan } from "./flag_scan.ts";

/** A command line in the one spelling. */
export interface PreparedArguments {
  /** The arguments. */
  readonly args: readonly string[];
  /** What the user is to be told although the command works. */
  readonly warnings: readonly string[];
}

/** The command that writes completion scripts and answers them. */
export const COMPLETIONS = "completions";

/** The shells that it writes for. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/**
 * Brings a command line into the one spelling.
 *
 * @param line the command lines there are
 * @param given the arguments as they were given
 * @throws {OperationError} `usage`
 */
export function prepareArguments(line: CommandLine, given: readonly string[]): PreparedArguments {
  const first = given[0] ?? "";
  if (first === COMPLETIONS) return { args: completionArguments(given), warnings: [] };
  if (/^--?help$|^-h$/.test(first)) return { args: ["--help"], warnings: [] };
  if (/^--?version$/.test(first)) return { args: ["--version"], warnings: [] };
  const args = first === "" || first.startsWith("-") ? ["run", ...given] : given;
  const { command, path } = findCommand(line, args);
  const rest = args.slice(path.length);
  if (command.members.length > 0) {
    return { args: [...path, ...groupHelp(line, command, path, rest)], warnings: [] };
  }
  const scan = new FlagScan(line, command, path.join(" "));
  scan.read(rest);
  return { args: [...path, ...scan.args], warnings: scan.warnings };
}

/** In `completions SHELL ARG...`, the arguments of a line without a command are those of `run`. */
function completionArguments(given: readonly string[]): readonly string[] {
  const [name = COMPLETIONS, shell, ...rest] = given;
  if (shell !== undefined && /^--?help$|^-h$/.test(shell)) return [name, "--help"];
  if (shell === undefined || !SHELLS.includes(shell)) {
    const state = shell === undefined ? "the shell is missing" : `the shell ${quote(shell)} is not known`;
    throw new OperationError(
      "usage",
      `Cannot write completions: ${state}`,
      `Give one of ${SHELLS.join(", ")}`,
    );
  }
  return rest[0]?.startsWith("-") ? [name, shell, "run", ...rest] : given;
}

/**
 * Finds the command, or the group, that a command line calls.
 *
 * @param line the command lines there are
 * @param args the command line, the command first
 * @returns the command, and the words it was called by
 * @throws {OperationError} `usage`, if there is none
 */
export function findCommand(
  line: CommandLine,
  args: readonly string[],
): { command: Command; path: readonly string[] } {
  const path: string[] = [];
  let choices = line.commands;
  for (;;) {
    const word = args[path.length] ?? "";
    const command = choices.find(({ name }) => name === word);
    if (command === undefined) throw unknownCommand(line, [...path, word], choices);
    path.push(word);
    const next = args[path.length];
    if (command.members.length === 0 || next === undefined || next.startsWith("-")) return { command, path };
    choices = command.members;
  }
}

function unknownCommand(
  line: CommandLine,
  path: readonly string[],
  choices: readonly Command[],
): OperationError {
  const word = path.join(" ");
  const absent = Object.hasOwn(line.absentCommands, word) ? line.absentCommands[word] : undefined;
  if (absent !== undefined) {
    return new OperationError("usage", `Cannot run ${word}: there is no such command`, absent);
  }
  const nearest = suggest(path.at(-1) ?? "", choices.map(({ name }) => name));
  const parent = path.slice(0, -1);
  return new OperationError(
    "usage",
    `Cannot run ${quote(word)}: there is no such command`,
    nearest === undefined
      ? `Run "${[line.program, ...parent, "--help"].join(" ")}" for the commands`
      : `Did you mean "${[line.program, ...parent, nearest].join(" ")}"?`,
  );
}

function groupHelp(
  line: CommandLine,
  group: Command,
  path: readonly string[],
  rest: readonly string[],
): readonly string[] {
  if (rest.some((word) => /^--?help$|^-h$/.test(word))) return ["--help"];
  const members = group.members.map(({ name }) => name);
  throw new OperationError(
    "usage",
    `Cannot run ${path.join(" ")}: it needs one of ${members.join(", ")}`,
    `Run "${[line.program, ...path, "--help"].join(" ")}"`,
  );
}
