/**
 * The parts of a command line: flags with a value, switches and words. Parsing, help and completions all come of these
 * declarations.
 *
 * @module
 */

import { OperationError } from "../core/error.ts";
import { invalidValue, type ValueSyntax } from "./value_syntax.ts";

/** The name of a flag; the original's spelling `-name` is understood too. */
export type FlagName = `--${string}`;

/** A part of a command line that reads a value of type T. */
export interface Part<T> {
  /** The flag's name; undefined for the words that belong to no flag. */
  readonly name: FlagName | undefined;
  /** What stands for the value in the help, in capitals; undefined for a switch. */
  readonly metavar: string | undefined;
  /** What it sets, for the help. */
  readonly description: string;
  /** Whether help and completions leave it out. */
  readonly hidden: boolean;
  /** The values there are, where they can be listed. */
  readonly choices: readonly string[];
  /** Whether the value is a path. */
  readonly isPath: boolean;
  /**
   * Reads all that was given for it, in the order given.
   *
   * @throws {OperationError} `usage`
   */
  readonly read: (given: readonly string[]) => T;
}

/** The parts of a command, by the names of their values. */
export type Parts = Readonly<Record<string, Part<unknown>>>;

/** The values that parts read. */
export type ValuesOf<P extends Parts> = { readonly [K in keyof P]: P[K] extends Part<infer T> ? T : never };

/** The parts that read values of the given types. */
export type PartsOf<T> = { readonly [K in keyof T]: Part<T[K]> };

/**
 * A flag with a value; undefined where it is not given.
 *
 * @param name the flag
 * @param syntax how its value is read
 * @param description what it sets, for the help
 */
export function valueFlag<T>(
  name: FlagName,
  syntax: ValueSyntax<T>,
  description: string,
): Part<T | undefined> {
  return {
    name,
    metavar: syntax.metavar,
    description,
    hidden: false,
    choices: syntax.choices ?? [],
    isPath: syntax.isPath ?? false,
    read([text, another]) {
      if (text === undefined) return undefined;
      if (another !== undefined) {
        throw new OperationError("usage", `Cannot use ${name}: it is given more than once`, "Give it once");
      }
      const { value, problem } = syntax.read(text);
      if (problem !== undefined) throw invalidValue("usage", name, problem);
      return value;
    },
  };
}

/**
 * A flag without a value; false where it is not given.
 *
 * @param name the flag
 * @param description what it does, for the help
 * @param hidden whether help and completions leave it out
 */
export function switchFlag(name: FlagName, description: string, hidden = false): Part<boolean> {
  return {
    name,
    metavar: undefined,
    description,
    hidden,
    choices: [],
    isPath: false,
    read: (given) => given.length > 0,
  };
}

/**
 * The words after a command, joined by one space: quoting them is optional.
 *
 * @param metavar what stands for them in the help
 * @param description what they are, for the help
 * @param missing the fault where there is none
 * @param remedy what to do then
 */
export function joinedWords(
  metavar: string,
  description: string,
  missing: string,
  remedy: string,
): Part<string> {
  return {
    name: undefined,
    metavar,
    description,
    hidden: false,
    choices: [],
    isPath: false,
    read(given) {
      if (given.length === 0) throw new OperationError("usage", missing, remedy);
      return given.join(" ");
    },
  };
}

/**
 * One word after a command; undefined where there is none.
 *
 * @param syntax how it is read
 * @param description what it is, for the help
 */
export function optionalWord<T>(syntax: ValueSyntax<T>, description: string): Part<T | undefined> {
  const { metavar } = syntax;
  return {
    name: undefined,
    metavar: `[${metavar}]`,
    description,
    hidden: false,
    choices: [],
    isPath: false,
    read([text, another]) {
      if (text === undefined) return undefined;
      if (another !== undefined) {
        throw new OperationError("usage", `Cannot use more than one ${metavar}`, "Give one, without blanks");
      }
      const { value, problem } = syntax.read(text);
      if (problem !== undefined) throw invalidValue("usage", metavar, problem);
      return value;
    },
  };
}
