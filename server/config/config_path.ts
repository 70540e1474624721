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
import { DEFAULT_SERVER_CONTROL } from "../commands.ts";

/** The places that are searched where no file is named. */
export function defaultPaths(): string[] {
  return defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX"));
}

/**
 * Finds the config file to read.
 *
 * @param given the value of `--config`
 * @param control the control socket of the server
 * @throws {OperationError} `config` if none is named, no server runs and none of the default paths exists
 */
export async function configFileToRead(given: string | undefined, control?: string): Promise<string> {
  const paths = defaultPaths();
  const file = given ?? await followedFile(control) ?? await findConfigFile(paths);
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
export async function configFileToEdit(given: string | undefined, control?: string): Promise<string> {
  const paths = defaultPaths();
  const file = given ?? await followedFile(control) ?? await findConfigFile(paths) ?? paths.at(-1);
  if (file === undefined) throw new TypeError("no default path for a config file");
  return file;
}

/** Asks the running server for its file. */
async function followedFile(control = DEFAULT_SERVER_CONTROL): Promise<string | undefined> {
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
