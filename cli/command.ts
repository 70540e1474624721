/**
 * The commands of a program, as one tree of which the command line, the help and the completions are made.
 *
 * @module
 */

import type { LogLevel } from "../core/config/log_level.ts";
import { type Part, type Parts, switchFlag, valueFlag, type ValuesOf } from "./flag.ts";
import { readValues, sortArguments } from "./flag_values.ts";
import type { LogFormat } from "../program/log_line.ts";
import type { Terminal } from "./terminal.ts";
import { logFormatSyntax, logLevelSyntax } from "./value_syntax.ts";

/** What the flags of every command say of the log. */
export interface LogFlags {
  /** `--log-level`, or `debug` for the original's `-debug`; undefined if neither is given. */
  readonly level: LogLevel | undefined;
  /** `--log-format`, by default `text`. */
  readonly format: LogFormat;
}

/** A command that has been understood and can be carried out. */
export interface Invocation {
  /** How to log. */
  readonly log: LogFlags;
  /** Carries it out; resolves to the exit status. */
  readonly execute: (terminal: Terminal) => Promise<number>;
}

/** The words of the help for a command. */
export interface About {
  /** A few words for the list of commands. */
  readonly brief: string;
  /** Sentences for the command's own help page. */
  readonly description: string;
}

/** One command, or a group of commands. */
export interface Command extends About {
  /** The word it is called by. */
  readonly name: string;
  /** Its flags and words, for help and completions. Of a group: none. */
  readonly parts: readonly Part<unknown>[];
  /** Its flags, and whether each takes a value. Of a group: none. */
  readonly flags: ReadonlyMap<string, boolean>;
  /** Whether it takes words that belong to no flag. */
  readonly takesWords: boolean;
  /** The commands of a group; empty for a command. */
  readonly members: readonly Command[];
  /**
   * Reads the arguments after the command, in the one spelling of `prepareArguments`.
   *
   * @throws {OperationError} `usage`
   * @throws {TypeError} for a group
   */
  readonly understand: (args: readonly string[]) => Invocation;
}

const logParts = {
  level: valueFlag(
    "--log-level",
    logLevelSyntax,
    "What is logged to stderr: error, warn, info (default) or debug.",
  ),
  format: valueFlag("--log-format", logFormatSyntax, "The shape of log lines: text (default) or json."),
  debug: switchFlag("--debug", "The same as --log-level debug.", true),
};

/**
 * Describes a command. The flags for the log are added to its own.
 *
 * @param name the word it is called by
 * @param about the words of the help
 * @param own its flags and words
 * @param execute carries it out with what was read; resolves to the exit status
 */
export function defineCommand<P extends Parts>(
  name: string,
  about: About,
  own: P,
  execute: (values: ValuesOf<P>, terminal: Terminal, log: LogFlags) => Promise<number>,
): Command {
  const parts: readonly Part<unknown>[] = [...Object.values(own), ...Object.values(logParts)];
  const flags = new Map<string, boolean>();
  for (const { name, metavar } of parts) if (name !== undefined) flags.set(name, metavar !== undefined);
  return {
    name,
    ...about,
    parts,
    flags,
    takesWords: parts.some(({ name }) => name === undefined),
    members: [],
    understand(args) {
      const given = sortArguments(parts, args);
      const values = readValues(own, given);
      const { level, format, debug } = readValues(logParts, given);
      const log: LogFlags = { level: level ?? (debug ? "debug" : undefined), format: format ?? "text" };
      return { log, execute: (terminal) => execute(values, terminal, log) };
    },
  };
}

/**
 * Describes a group of commands, such as `config add`, `config list`.
 *
 * @param name the word before theirs
 * @param brief a few words for the list of commands
 * @param members the commands
 */
export function defineGroup(name: string, brief: string, members: readonly Command[]): Command {
  return {
    name,
    brief,
    description: "",
    parts: [],
    flags: new Map(),
    takesWords: false,
    members,
    understand() {
      throw new TypeError(`${name} is a group of commands`);
    },
  };
}
