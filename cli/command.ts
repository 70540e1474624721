/**
 * The commands of a program, as one tree of which the command line, the help and the completions are made.
 *
 * @module
 */

import { object, or } from "@optique/core/constructs";
import { map } from "@optique/core/modifiers";
import { command } from "@optique/core/primitives";
import type { Usage } from "@optique/core/usage";
import type { LogLevel } from "../core/config/log_level.ts";
import { type Part, switchFlag, valueFlag, words } from "./flag.ts";
import type { LogFormat } from "./log_line.ts";
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

/** One command, or a group of commands. */
export interface Command {
  /** The word it is called by. */
  readonly name: string;
  /** Reads its part of the command line. */
  readonly part: Part<Invocation>;
  /** Its flags, and whether each takes a value. Of a group: none. */
  readonly flags: ReadonlyMap<string, boolean>;
  /** Whether it takes words that belong to no flag. */
  readonly takesWords: boolean;
  /** The commands of a group; empty for a command. */
  readonly members: readonly Command[];
}

/** The words of the help for a command. */
export interface About {
  /** A few words for the list of commands. */
  readonly brief: string;
  /** Sentences for the command's own help page. */
  readonly description: string;
}

const logFlags: Part<LogFlags> = map(
  object({
    level: valueFlag(
      "--log-level",
      logLevelSyntax,
      "What is logged to stderr: error, warn, info (default) or debug.",
    ),
    format: valueFlag("--log-format", logFormatSyntax, "The shape of log lines: text (default) or json."),
    debug: switchFlag("--debug", "The same as --log-level debug.", true),
  }),
  ({ level, format, debug }) => ({ level: level ?? (debug ? "debug" : undefined), format: format ?? "text" }),
);

/**
 * Describes a command. The flags for the log are added to its own.
 *
 * @param name the word it is called by
 * @param about the words of the help
 * @param part reads its flags and words
 * @param execute carries it out with what was read; resolves to the exit status
 */
export function defineCommand<T>(
  name: string,
  about: About,
  part: Part<T>,
  execute: (values: T, terminal: Terminal, log: LogFlags) => Promise<number>,
): Command {
  const bound = map(part, (values) => (terminal: Terminal, log: LogFlags) => execute(values, terminal, log));
  const whole = object({ bound, log: logFlags });
  const shape = shapeOf(whole.usage);
  const invocation = map(whole, ({ bound, log }): Invocation => ({
    log,
    execute: (terminal) => bound(terminal, log),
  }));
  return {
    name,
    part: command(name, invocation, { brief: words(about.brief), description: words(about.description) }),
    ...shape,
    members: [],
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
  const part = command(name, anyOf(members), { brief: words(brief) });
  return { name, part, flags: new Map(), takesWords: false, members };
}

/**
 * Reads one of several commands.
 *
 * @param commands at least one
 */
export function anyOf(commands: readonly Command[]): Part<Invocation> {
  return commands.map(({ part }) => part).reduce((before, next) => or(before, next));
}

function shapeOf(usage: Usage): Pick<Command, "flags" | "takesWords"> {
  const flags = new Map<string, boolean>();
  let takesWords = false;
  const visit = (terms: Usage): void => {
    for (const term of terms) {
      if (term.type === "argument") takesWords = true;
      if (term.type === "option") {
        for (const name of term.names) flags.set(name, term.metavar !== undefined);
      }
      if (term.type === "optional" || term.type === "multiple" || term.type === "sequence") visit(term.terms);
      if (term.type === "exclusive") term.terms.forEach(visit);
    }
  };
  visit(usage);
  return { flags, takesWords };
}
