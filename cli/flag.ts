/**
 * The parts of a command line: flags with a value, switches and words. Parsing, help and completions all use these.
 *
 * @module
 */

import { OperationError } from "../core/error.ts";
import { countSyntax, fileSyntax, readValue, type ValueSyntax } from "./value_syntax.ts";

/** The name of a flag. Upstream v1 spelled it `-name`, which still works. */
export type FlagName = `--${string}`;

/** A part of a command line that reads a value of type T. */
export interface Part<T> {
  /** The flag's name; undefined for the words that belong to no flag. */
  readonly name: FlagName | undefined;
  /** A letter that stands for the name behind a single dash. */
  readonly short?: string;
  /** The kind of value, for help and completions; undefined for a switch. */
  readonly syntax: Pick<ValueSyntax<unknown>, "metavar" | "choices" | "suggest" | "isPath"> | undefined;
  /** A sentence for the help. */
  readonly description: string;
  /** True to leave it out of help and completions. */
  readonly hidden?: boolean;
  /**
   * Reads all texts given for it, in the order given.
   *
   * @throws {OperationError} `usage`
   */
  readonly read: (given: readonly string[]) => T;
}

/** The parts of a command, by the names of their values. */
export type Parts = Readonly<Record<string, Part<unknown>>>;

/** The values that parts read. */
export type ValuesOf<P extends Parts> = { readonly [K in keyof P]: P[K] extends Part<infer T> ? T : never };

/** The texts given for each flag, in the order given; for undefined, the words that belong to no flag. */
export type GivenArguments = ReadonlyMap<FlagName | undefined, readonly string[]>;

/**
 * Reads the values of parts.
 *
 * @throws {OperationError} `usage`, for the first part that cannot be read
 */
export function readValues<P extends Parts>(parts: P, given: GivenArguments): ValuesOf<P> {
  const entries = Object.entries(parts).map(([key, part]) => [key, part.read(given.get(part.name) ?? [])]);
  return Object.fromEntries(entries);
}

/** Makes a flag with a value; undefined where it is not given. */
export function valueFlag<T>(
  name: FlagName,
  syntax: ValueSyntax<T>,
  description: string,
  more: Pick<Part<T>, "short"> = {},
): Part<T | undefined> {
  const shown = more.short === undefined ? name : `${name} (-${more.short})`;
  const twice = () => usageError(`Cannot use ${shown}: it is given more than once`, "Give it once");
  return { name, ...more, syntax, description, read: (given) => readOne(shown, syntax, given, twice) };
}

/** Makes a flag without a value; false where it is not given. */
export function switchFlag(
  name: FlagName,
  description: string,
  more: Pick<Part<boolean>, "short" | "hidden"> = {},
): Part<boolean> {
  return { name, ...more, syntax: undefined, description, read: (given) => given.length > 0 };
}

/** The flag of each `run` that turns the kernel's offloads off. */
export const NO_OFFLOAD_FLAG: Part<boolean> = switchFlag(
  "--no-offload",
  "For debugging: carry packets one by one, without the kernel's offloads.",
);

/** The flag of each `run` that captures packets. */
export const CAPTURE_FLAG: Part<string | undefined> = valueFlag(
  "--capture",
  fileSyntax,
  "For debugging: write the tunnel's packets to a new pcapng file, for tcpdump.",
);

/** The flags of `logs`, with the short names that tail and docker have. */
export const LOG_FLAGS = {
  follow: switchFlag("--follow", "Go on with what is added, until interrupted; also -f.", { short: "f" }),
  lines: valueFlag("--lines", countSyntax, "Show so many of the last lines; also -n. Default: 100.", {
    short: "n",
  }),
};

/**
 * Makes a part for all words after a command, joined by one space: quoting them is optional.
 *
 * @param missing the fault where there is none
 * @param remedy the remedy for that fault
 * @param choices what the first word is likely to be, for completions
 * @param suggest looks for further words
 */
export function joinedWords(
  metavar: string,
  description: string,
  missing: string,
  remedy: string,
  choices: readonly string[] = [],
  suggest?: ValueSyntax<unknown>["suggest"],
): Part<string> {
  return {
    name: undefined,
    syntax: { metavar, choices, ...suggest === undefined ? {} : { suggest } },
    description,
    read(given) {
      if (given.length === 0) throw usageError(missing, remedy);
      return given.join(" ");
    },
  };
}

/** Makes a part for one word after a command; undefined where there is none. */
export function optionalWord<T>(syntax: ValueSyntax<T>, description: string): Part<T | undefined> {
  const { metavar } = syntax;
  const twice = () => usageError(`Cannot use more than one ${metavar}`, "Give one, without blanks");
  return {
    name: undefined,
    syntax: { ...syntax, metavar: `[${metavar}]` },
    description,
    read: (given) => readOne(metavar, syntax, given, twice),
  };
}

function readOne<T>(
  name: string,
  syntax: ValueSyntax<T>,
  [text, another]: readonly string[],
  twice: () => OperationError,
): T | undefined {
  if (text === undefined) return undefined;
  if (another !== undefined) throw twice();
  return readValue("usage", name, syntax, text);
}

/** The error for a command line that cannot be understood. */
export function usageError(message: string, remedy = ""): OperationError {
  return new OperationError("usage", message, remedy);
}
