/**
 * Parses a command line and explains what is wrong with it. Three shortcuts are allowed: `run` may be left out,
 * `-name` is the same as `--name`, and flags of upstream v1 that are no longer needed may still be there.
 *
 * @module
 */

import { quote } from "../core/result.ts";
import { suggest } from "../core/suggest.ts";
import type { OperationError } from "../core/error.ts";
import type { Command, Program } from "./command.ts";
import { type GivenArguments, usageError } from "./flag.ts";
import { FlagParser } from "./flag_parser.ts";

/** A parsed command line. */
export type ParsedArguments =
  | { readonly action: "version" }
  /** Help on the command or group of these words; on the program without words. */
  | { readonly action: "help"; readonly path: readonly string[] }
  /** The shell's script without words, else the completions of the last word. */
  | { readonly action: "completions"; readonly shell: string; readonly words: readonly string[] }
  | {
    readonly action: "run";
    readonly command: Command;
    readonly path: readonly string[];
    readonly given: GivenArguments;
    readonly warnings: readonly string[];
  };

/** The command that prints completion scripts and completes words. */
export const COMPLETIONS = "completions";

/** The word for help on a command, and that for the version. */
export const HELP = "help";
export const VERSION = "version";

/** The shells that have a script. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/**
 * Parses a command line.
 *
 * @param given the arguments, without the program itself
 * @throws {OperationError} `usage`
 */
export function parseArguments(program: Program, given: readonly string[]): ParsedArguments {
  const first = given[0] ?? "";
  if (first === COMPLETIONS) return parseCompletions(given.slice(1));
  if (isHelp(first)) return { action: "help", path: [] };
  if (first === HELP) return { action: "help", path: helpPath(program, given.slice(1)) };
  if (/^(?:--?)?version$/.test(first)) return parseVersion(given.slice(1));
  const args = first === "" || first.startsWith("-") ? ["run", ...given] : given;
  const { command, path } = findCommand(program, args);
  const rest = args.slice(path.length);
  if (command.members.length > 0) {
    if (rest.some(isHelp)) return { action: "help", path };
    const members = command.members.map(({ name }) => name).join(", ");
    throw usageError(`Cannot run ${path.join(" ")}: it needs one of ${members}`, runHelp(program, path));
  }
  const parser = new FlagParser(program, command, path.join(" "));
  parser.parse(rest);
  if (parser.help) return { action: "help", path };
  return { action: "run", command, path, given: parser.given, warnings: parser.warnings };
}

/** Parses what comes after `version`. */
function parseVersion(words: readonly string[]): ParsedArguments {
  if (words.some(isHelp)) return { action: "help", path: [] };
  if (words.length === 0) return { action: "version" };
  throw usageError("Cannot show the version: nothing may come after it", `Write ${VERSION} alone`);
}

/** Parses `completions SHELL WORD...`. The flags of a line without a command are those of `run`. */
function parseCompletions([shell, ...words]: readonly string[]): ParsedArguments {
  if (shell !== undefined && isHelp(shell)) return { action: "help", path: [COMPLETIONS] };
  if (shell === undefined || !SHELLS.includes(shell)) {
    const state = shell === undefined ? "the shell is missing" : `the shell ${quote(shell)} is not known`;
    throw usageError(`Cannot write completions: ${state}`, `Give one of ${SHELLS.join(", ")}`);
  }
  return { action: "completions", shell, words: words[0]?.startsWith("-") ? ["run", ...words] : words };
}

/** The words of the command that `help` is asked about. */
function helpPath(program: Program, words: readonly string[]): readonly string[] {
  const asked = words.filter((word) => !isHelp(word));
  if (asked.length === 0 || [HELP, VERSION].includes(asked[0] ?? "")) return [];
  return asked[0] === COMPLETIONS ? [COMPLETIONS] : findCommand(program, asked).path;
}

function isHelp(word: string): boolean {
  return /^--?help$|^-h$/.test(word);
}

function runHelp({ program }: Program, path: readonly string[]): string {
  return `Run "${[program, ...path, "--help"].join(" ")}"`;
}

/**
 * Finds the command, or the group, that a command line calls.
 *
 * @param args the command line, the command first
 * @returns the command, and the words that call it
 * @throws {OperationError} `usage`, if there is none
 */
export function findCommand(
  program: Program,
  args: readonly string[],
): { command: Command; path: readonly string[] } {
  const path: string[] = [];
  let choices = program.commands;
  for (;;) {
    const word = args[path.length] ?? "";
    const command = choices.find(({ name }) => name === word);
    if (command === undefined) throw unknownCommand(program, [...path, word], choices);
    path.push(word);
    const next = args[path.length];
    if (command.members.length === 0 || next === undefined || next.startsWith("-")) return { command, path };
    choices = command.members;
  }
}

function unknownCommand(
  program: Program,
  path: readonly string[],
  choices: readonly Command[],
): OperationError {
  const word = path.join(" ");
  const { removedCommands = {} } = program;
  const removed = Object.hasOwn(removedCommands, word) ? removedCommands[word] : undefined;
  if (removed !== undefined) return usageError(`Cannot run ${word}: there is no such command`, removed);
  const nearest = suggest(path.at(-1) ?? "", choices.map(({ name }) => name));
  const parent = path.slice(0, -1);
  return usageError(
    `Cannot run ${quote(word)}: there is no such command`,
    nearest === undefined
      ? `${runHelp(program, parent)} for the commands`
      : `Did you mean "${[program.program, ...parent, nearest].join(" ")}"?`,
  );
}
