/**
 * Which config file a command means: the one named by `--config`, else the one that the running server follows, else the first of
 * the usual places that has one.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { OperationError } from "../../core/error.ts";
import { defaultConfigPaths, findConfigFile } from "../../system/config/config_file.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { DEFAULT_SERVER_CONTROL } from "../options.ts";

/** What says which file a command means. */
export interface ConfigPlace {
  /** The value of `--config`; undefined where it is not given. */
  readonly given: string | undefined;
  /** The control socket of the server that is asked; by default where it usually is. */
  readonly control?: string;
}

/**
 * The config file to read.
 *
 * @throws {OperationError} `config` if none is named, no server runs and none is in the usual places
 */
export async function configFileToRead(place: ConfigPlace): Promise<string> {
  const paths = usualPlaces();
  const file = await namedFile(place) ?? await findConfigFile(paths);
  if (file !== undefined) return file;
  throw new OperationError(
    "config",
    `Cannot find the config file: there is none at ${paths.join(", ")}`,
    "Create one, or name it with --config",
  );
}

/**
 * The config file to edit: the one to read, or where there is none, the one that `run` without any file waits for, the
 * last of the usual places. It may not be there yet.
 */
export async function configFileToEdit(place: ConfigPlace): Promise<string> {
  const paths = usualPlaces();
  const file = await namedFile(place) ?? await findConfigFile(paths) ?? paths.at(-1);
  if (file === undefined) throw new TypeError("no place for a config file");
  return file;
}

function usualPlaces(): string[] {
  return defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX"));
}

/** The file of `--config`, or of the running server: `sudo` takes away the variable by which Homebrew's is found. */
async function namedFile(
  { given, control = DEFAULT_SERVER_CONTROL }: ConfigPlace,
): Promise<string | undefined> {
  if (given !== undefined) return given;
  try {
    const { config } = await readStatus(control, "docker-connector");
    if (typeof config !== "object" || config === null || !("file" in config)) return undefined;
    const { file } = config;
    return typeof file === "string" && isAbsolute(file) ? file : undefined;
  } catch (error) {
    // No server runs, or not one that can be asked.
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}
