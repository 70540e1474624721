/**
 * The configuration that the server starts with.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import type { Config, Overrides } from "../core/config/config.ts";
import { formatFault } from "../core/config/fault.ts";
import { parseConfig } from "../core/config/parse.ts";
import { OperationError } from "../core/error.ts";
import { defaultConfigPaths, findConfigFile, readConfigFile } from "../system/config_file.ts";
import type { ServerRunOptions } from "./options.ts";

const log = getLogger("config");

/** A configuration, and what later reloads need. */
export interface InitialConfig {
  readonly config: Config;
  /** The file to follow; it may not be there yet. */
  readonly file: string;
  /** Whether it was there. */
  readonly exists: boolean;
  readonly overrides: Overrides;
}

/**
 * Reads the config file that the flags or the default places name. Without any file the defaults are in force, and the
 * last default place is followed.
 *
 * @throws {OperationError} "config" when the file is faulty; its faults are logged before, a line each
 */
export async function initialConfig(options: ServerRunOptions): Promise<InitialConfig> {
  const { addr, host, port, mtu } = options;
  const overrides: Overrides = { addr, host, port, mtu };
  const places = defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX"));
  const found = options.configFile ?? await findConfigFile(places);
  const file = found ?? places.at(-1) ?? "docker-connector.conf";
  if (found === undefined) {
    log.warn(
      "no config file, so the defaults are in force and no network is routed; create one to change that",
      { file },
    );
  }
  const text = found === undefined ? "" : await readConfigFile(file);
  const { config, faults } = parseConfig(text, file, overrides);
  if (config !== undefined) return { config, file, exists: found !== undefined, overrides };
  for (const fault of faults) log.error(formatFault(fault));
  throw new OperationError(
    "config",
    `Cannot start with ${file}: ${faults.length === 1 ? "one fault" : `${faults.length} faults`}`,
    `Mend what is listed above; docker-connector check --config ${file} lists it again`,
  );
}
