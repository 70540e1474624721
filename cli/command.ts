import type { LogLevel } from "../core/config/log_level.ts";
import {
  type FlagName,
  type GivenArguments,
  type Part,
  type Parts,
  readValues,
  switchFlag,
  valueFlag,
  type ValuesOf,
} from "./flag.ts";
import type { LogFormat } from "./log_line.ts";
import type { Terminal } from "./terminal.ts";
import { logFormatSyntax, logLevelSyntax } from "./value_syntax.ts";

/** The log flags of every command. */
export interface LogFlags {
  /** `--log-level`, or `debug` with upstream v1's `-debug`; undefined if neither is given. */
  readonly level: LogLevel | undefined;
  readonly format: LogFormat;
}

/** A command whose flags were read. */
export interface Invocation {
  readonly log: LogFlags;
  /** Runs it; resolves to the exit status. */
  readonly execute: (terminal: Terminal) => Promise<number>;
}

/** Help texts of a command. */
export interface About {
  /** A few words for the list of commands. */
  readonly brief: string;
  /** Sentences for the command's own help page. */
  readonly description: string;
  /** Command lines to copy, without the program's name. */
  readonly examples?: readonly string[];
}

/** One command, or a group of commands: one tree for the command line, the help and the completions. */
export interface Command extends About {
  /** The word that calls it. */
  readonly name: string;
  /** Its flags and words. Of a group: none. */
  readonly parts: readonly Part<unknown>[];
  /** The commands of a group; empty for a command. */
  readonly members: readonly Command[];
  /**
   * Reads the values of the flags and words.
   *
   * @throws {OperationError} `usage`
   * @throws {TypeError} for a group
   */
  readonly understand: (given: GivenArguments) => Invocation;
}

/** The replacement of a flag of upstream v1. */
export interface LegacyFlag {
  /** True if a value follows it. A flag without one can have `=true` or `=false`. */
  readonly takesValue: boolean;
  /**
   * Returns the flags that replace it.
   *
   * @param value its value; `true` or `false` for a flag that takes none
   * @throws {OperationError} `usage`, where leaving it out would change what the tunnel does
   */
  readonly replace: (value: string) => { readonly flags: readonly FlagName[]; readonly warning: string };
}

/** One of the three programs. */
export interface Program {
  /** Its name. */
  readonly program: string;
  /** Its purpose, in a sentence. */
  readonly brief: string;
  /** The next sentence of the help. */
  readonly description: string;
  /** Its commands; `run` is one of them. */
  readonly commands: readonly Command[];
  /** Flags of upstream v1 that `run` still understands, by their names without dashes. */
  readonly legacyFlags?: Readonly<Record<string, LegacyFlag>>;
  /** Commands that do not exist: the remedy for each. */
  readonly removedCommands?: Readonly<Record<string, string>>;
}

const logParts = {
  level: valueFlag(
    "--log-level",
    logLevelSyntax,
    "The level of the log on stderr: error, warn, info (default) or debug.",
  ),
  format: valueFlag("--log-format", logFormatSyntax, "The shape of log lines: text (default) or json."),
  debug: switchFlag("--debug", "The same as --log-level debug.", { hidden: true }),
};

/**
 * Defines a command. The log flags are added to its own parts.
 *
 * @param execute runs it with the values of its parts; resolves to the exit status
 */
export function defineCommand<P extends Parts>(
  name: string,
  about: About,
  own: P,
  execute: (values: ValuesOf<P>, terminal: Terminal, log: LogFlags) => Promise<number>,
): Command {
  return {
    name,
    ...about,
    parts: [...Object.values(own), ...Object.values(logParts)],
    members: [],
    understand(given) {
      const values = readValues(own, given);
      const { level, format, debug } = readValues(logParts, given);
      const log: LogFlags = { level: level ?? (debug ? "debug" : undefined), format: format ?? "text" };
      return { log, execute: (terminal) => execute(values, terminal, log) };
    },
  };
}

/** Defines a group of commands, such as `config add`, `config list`; its name is the word before the commands' own. */
export function defineGroup(name: string, brief: string, members: readonly Command[]): Command {
  return {
    name,
    brief,
    description: "",
    parts: [],
    members,
    understand() {
      throw new TypeError(`${name} is a group of commands`);
    },
  };
}
