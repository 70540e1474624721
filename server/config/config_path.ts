/**
 * Finds the config file of a command: the one named by `--config`, else the one that the running server
 * follows, else the first of the default paths that exists.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { OperationError } from "../../core/error.ts";
import { defaultConfigPaths, findConfigFile } from "../../system/config/config_file.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { DEFAULT_SERVER_CONTROL } from "../options.ts";

/** What decides which file a command uses. */
export interface ConfigPathOptions {
  /** The value of `--config`; undefined where it is not given. */
  readonly given: string | undefined;
  /**
   * The control socket of the server.
   *
   * @default the default path
   */
  readonly control?: string;
}

/**
 * Finds the config file to read.
 *
 * @throws {OperationError} `config` if none is named, no server runs and none of the default paths exists
 */
export async function configFileToRead(options: ConfigPathOptions): Promise<string> {
  const paths = defaultPaths();
  const file = await namedFile(options) ?? await findConfigFile(paths);
  if (file !== undefined) return file;
  throw new OperationError(
    "config",
    `Cannot find the config file: none at ${paths.join(", ")}`,
    "Create one, or name it with --config",
  );
}

/**
 * Finds the config file to edit: the one to read, or else the last of the default paths, which `run` without
 * any file waits for. It may not exist yet.
 */
export async function configFileToEdit(options: ConfigPathOptions): Promise<string> {
  const paths = defaultPaths();
  const file = await namedFile(options) ?? await findConfigFile(paths) ?? paths.at(-1);
  if (file === undefined) throw new TypeError("no default path for a config file");
  return file;
}

function defaultPaths(): string[] {
  return defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX"));
}

/** Finds the file of `--config`, or of the running server. */
async function namedFile(
  { given, control = DEFAULT_SERVER_CONTROL }: ConfigPathOptions,
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
