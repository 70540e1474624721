/**
 * Settings from environment variables.
 *
 * @module
 */

import { invalidValue, type ValueSyntax } from "../cli/value_syntax.ts";

/** Looks up an environment variable. */
export type EnvironmentReader = (name: string) => string | undefined;

/**
 * Reads a setting from the environment. An empty variable counts as unset: composed files leave such ones behind.
 *
 * @param read looks the variable up, usually `Deno.env.get`
 * @param name the variable's name
 * @param syntax how its value is read
 * @returns the value, or undefined if the variable is unset
 * @throws {OperationError} `config`, if the value is invalid
 */
export function environmentValue<T>(
  read: EnvironmentReader,
  name: string,
  syntax: ValueSyntax<T>,
): T | undefined {
  const text = read(name);
  if (text === undefined || text === "") return undefined;
  const { value, problem } = syntax.read(text);
  if (problem !== undefined) throw invalidValue("config", name, problem);
  return value;
}
