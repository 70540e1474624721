/**
 * Reads the values of a command's parts.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { FlagName, Part, Parts, ValuesOf } from "./flag.ts";

/** All that was given for a flag, in the order given; by undefined, the words that belong to no flag. */
export type GivenArguments = (name: FlagName | undefined) => readonly string[];

/**
 * Sorts the arguments after a command by the parts that they belong to.
 *
 * @param parts all parts of the command
 * @param args the arguments, in the one spelling of `prepareArguments`
 */
export function sortArguments(parts: readonly Part<unknown>[], args: readonly string[]): GivenArguments {
  const options: Record<string, { type: "string" | "boolean"; multiple: true }> = {};
  for (const { name, metavar } of parts) {
    if (name === undefined) continue;
    options[bare(name)] = { type: metavar === undefined ? "boolean" : "string", multiple: true };
  }
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  return (name) => name === undefined ? positionals : (values[bare(name)] ?? []).map(String);
}

/**
 * Reads the values of parts.
 *
 * @param parts the parts
 * @param given what was given for each
 * @throws {OperationError} `usage`, for the first part that cannot be read
 */
export function readValues<P extends Parts>(parts: P, given: GivenArguments): ValuesOf<P> {
  const entries = Object.entries(parts).map(([key, part]) => [key, part.read(given(part.name))]);
  return Object.fromEntries(entries);
}

function bare(name: FlagName): string {
  return name.slice(2);
}
