/**
 * Which config file a command means.
 *
 * @module
 */

import { OperationError } from "../core/error.ts";
import { defaultConfigPaths, findConfigFile } from "../system/config_file.ts";

/**
 * The config file to read: the one named by `--config`, else the first of the usual places that has one.
 *
 * @param given the value of `--config`
 * @throws {OperationError} `config` if none is named and none is there
 */
export async function configFileToRead(given: string | undefined): Promise<string> {
  const paths = defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX"));
  const file = given ?? await findConfigFile(paths);
  if (file !== undefined) return file;
  throw new OperationError(
    "config",
    `Cannot find the config file: there is none at ${paths.join(", ")}`,
    "Create one, or name it with --config",
  );
}

/**
 * The config file to edit: the one to read, or where there is none, the one that `run` without any file waits for, the
 * last of the usual places.
 *
 * @param given the value of `--config`
 * @returns the path, and whether the file is there
 */
export async function configFileToEdit(
  given: string | undefined,
): Promise<{ file: string; exists: boolean }> {
  const paths = given === undefined ? defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX")) : [given];
  const found = await findConfigFile(paths);
  const file = found ?? paths.at(-1);
  if (file === undefined) throw new TypeError("no place for a config file");
  return { file, exists: found !== undefined };
}
