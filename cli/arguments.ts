/**
 * Brings a command line into the one spelling that the commands' parsers read, and says what is wrong with it in words
 * for people. Three liberties are taken up here: `run` may be left out, `-name` is the same as `--name`, and flags of
 * the original that are no longer needed may still be there.
 *
 * A word that belongs to no flag is never repeated in a message: it could be part of a secret.
 *
 * @module
 */

import { nearestWord } from "../core/config/nearest.ts";
import { OperationError } from "../core/error.ts";
import type { Command } from "./command.ts";

/** What becomes of a flag of the original. */
export interface OriginalFlag {
  /** Whether a value follows it. The flags without one can have `=true` or `=false`. */
  readonly takesValue: boolean;
  /**
   * Says what stands for it now.
   *
   * @param value its value; `true` or `false` for a flag that takes none
   * @throws {OperationError} `usage`, where leaving it out would not do what the caller wants
   */
  readonly replace: (value: string) => { readonly flags: readonly string[]; readonly warning: string };
}

/** The command lines of one program. */
export interface CommandLine {
  /** The program's name. */
  readonly program: string;
  /** Its commands; `run` is one of them. */
  readonly commands: readonly Command[];
  /** Flags of the original that `run` still understands, by their names without dashes. */
  readonly originalFlags: Readonly<Record<string, OriginalFlag>>;
  /** Commands that are no more, or not yet: what to do instead. */
  readonly absentCommands: Readonly<Record<string, string>>;
}

/** A command line in the one spelling. */
export interface PreparedArguments {
  /** The arguments. */
  readonly args: readonly string[];
  /** What the user is to be told although the command works. */
  readonly warnings: readonly string[];
}

/** The command that writes completion scripts and answers them; the parser library's own. */
export const COMPLETIONS = "completions";

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
    return { args: [...path, ...memberless(line, command, path, rest)], warnings: [] };
  }
  const scan = new Scan(line, command, path.join(" "));
  scan.read(rest);
  return { args: [...path, ...scan.args], warnings: scan.warnings };
}

/** In `completions SHELL ARG...`, the arguments of a line without a command are those of `run`. */
function completionArguments(given: readonly string[]): readonly string[] {
  const [name = COMPLETIONS, shell = "", ...rest] = given;
  return rest[0]?.startsWith("-") ? [name, shell, "run", ...rest] : given;
}

function findCommand(line: CommandLine, args: readonly string[]): { command: Command; path: string[] } {
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
  const word = path.join(" ").slice(0, 60);
  const absent = Object.hasOwn(line.absentCommands, word) ? line.absentCommands[word] : undefined;
  if (absent !== undefined) {
    return new OperationError("usage", `Cannot run ${word}: there is no such command`, absent);
  }
  const nearest = nearestWord(path.at(-1) ?? "", choices.map(({ name }) => name));
  const parent = path.slice(0, -1);
  return new OperationError(
    "usage",
    `Cannot run ${JSON.stringify(word)}: there is no such command`,
    nearest === undefined
      ? `Run "${[line.program, ...parent, "--help"].join(" ")}" for the commands`
      : `Did you mean "${[line.program, ...parent, nearest].join(" ")}"?`,
  );
}

function memberless(
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

/** One pass over the arguments of a command. */
class Scan {
  readonly args: string[] = [];
  readonly warnings: string[] = [];
  readonly #line: CommandLine;
  readonly #command: Command;
  readonly #path: string;

  constructor(line: CommandLine, command: Command, path: string) {
    this.#line = line;
    this.#command = command;
    this.#path = path;
  }

  read(given: readonly string[]): void {
    const rest = [...given];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === "--") {
        rest.forEach((last) => this.#word(last));
        this.args.push("--", ...rest.splice(0));
      } else if (word.length > 1 && word.startsWith("-")) {
        this.#flag(word, rest);
      } else {
        this.#word(word);
        this.args.push(word);
      }
    }
  }

  #word(word: string): void {
    if (this.#command.takesWords) return;
    const misplaced = this.#line.commands.some(({ name }) => name === word);
    throw new OperationError(
      "usage",
      misplaced
        ? `Cannot run ${word}: the command must come first`
        : `Cannot run ${this.#path}: a word of the command line belongs to no flag`,
      misplaced
        ? `Write "${this.#line.program} ${word}", then the flags`
        : `Quote values with blanks; run "${this.#line.program} ${this.#path} --help" for the flags`,
    );
  }

  #flag(word: string, rest: string[]): void {
    const equals = word.indexOf("=");
    const spelled = equals < 0 ? word : word.slice(0, equals);
    const given = equals < 0 ? undefined : word.slice(equals + 1);
    const bare = spelled.replace(/^--?/, "");
    const name = `--${bare}`;
    const takesValue = this.#command.flags.get(name);
    const original = this.#originalFlag(bare);
    if (bare === "help" || spelled === "-h") this.args.push("--help");
    else if (takesValue === true) this.args.push(`${name}=${given ?? this.#value(spelled, rest)}`);
    else if (takesValue === false) this.args.push(...(asBoolean(spelled, given) ? [name] : []));
    else if (original !== undefined) this.#replace(spelled, given, original, rest);
    else throw this.#unknownFlag(spelled, bare);
  }

  #originalFlag(bare: string): OriginalFlag | undefined {
    return this.#path === "run" && Object.hasOwn(this.#line.originalFlags, bare)
      ? this.#line.originalFlags[bare]
      : undefined;
  }

  #replace(spelled: string, given: string | undefined, original: OriginalFlag, rest: string[]): void {
    const value = original.takesValue
      ? given ?? this.#value(spelled, rest)
      : String(asBoolean(spelled, given));
    const { flags, warning } = original.replace(value);
    this.args.push(...flags);
    if (warning !== "") this.warnings.push(warning);
  }

  /** The value in the next argument, taken out of the rest. */
  #value(spelled: string, rest: string[]): string {
    const next = rest.shift();
    const isFlag = next !== undefined &&
      this.#command.flags.has(next.replace(/=.*$/s, "").replace(/^--?/, "--"));
    if (next !== undefined && !isFlag) return next;
    throw new OperationError(
      "usage",
      `Cannot use ${spelled}: its value is missing`,
      `Write ${spelled} VALUE or ${spelled}=VALUE`,
    );
  }

  #unknownFlag(spelled: string, bare: string): OperationError {
    const known = [...this.#command.flags.keys(), "--help"].map((name) => name.slice(2));
    const nearest = nearestWord(bare, known);
    return new OperationError(
      "usage",
      `Cannot use ${JSON.stringify(spelled.slice(0, 40))}: ${this.#path} has no such flag`,
      nearest === undefined
        ? `Run "${this.#line.program} ${this.#path} --help" for the flags`
        : `Did you mean --${nearest}?`,
    );
  }
}

/** Reads what may follow a switch after "=", as the original's flags did. */
function asBoolean(spelled: string, value: string | undefined): boolean {
  if (value === undefined || /^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new OperationError("usage", `Cannot use ${spelled}: it takes no value`, `Write ${spelled} alone`);
}
