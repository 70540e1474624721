/**
 * Brings the flags of one command into the spelling `--name=value`.
 *
 * A word that belongs to no flag is never repeated in a message: it could be part of a secret.
 *
 * @module
 */

import { suggest } from "../core/suggest.ts";
import { quote } from "../core/result.ts";
import { OperationError } from "../core/error.ts";
import type { Command } from "./command.ts";
import type { CommandLine, OriginalFlag } from "./command_line.ts";

/** One pass over the arguments of a command. */
export class FlagScan {
  /** The arguments in the one spelling, as far as they have been read. */
  readonly args: string[] = [];
  /** What the user is to be told. */
  readonly warnings: string[] = [];
  readonly #line: CommandLine;
  readonly #command: Command;
  readonly #path: string;

  /**
   * @param line the command lines there are
   * @param command the command
   * @param path the words it was called by
   */
  constructor(line: CommandLine, command: Command, path: string) {
    this.#line = line;
    this.#command = command;
    this.#path = path;
  }

  /**
   * Reads the arguments after the command.
   *
   * @throws {OperationError} `usage`
   */
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
    const nearest = suggest(bare, known);
    return new OperationError(
      "usage",
      `Cannot use ${quote(spelled)}: ${this.#path} has no such flag`,
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
