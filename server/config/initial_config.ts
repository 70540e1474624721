/**
 * The configuration that the server starts with, and what of a configuration has no effect.
 *
 * @module
 */
import { resolve } from "node:path";
import { linesWithoutExpose } from "../../core/config/changes.ts";
import type { Config, Overrides } from "../../core/config/config.ts";
import { listLines } from "../../core/config/text.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import { getLogger } from "../../program/log.ts";
import { findConfigFile, readConfigFile } from "../../system/config/config_file.ts";
import type { ServerRunOptions } from "../commands.ts";
import { defaultPaths } from "./config_path.ts";
import { tooWideRights } from "./file_rights.ts";

const log = getLogger("config");

/** A configuration, and what later reloads need. */
export interface InitialConfig {
  readonly config: Config;
  /** The file to follow, as an absolute path; it may not be there yet. */
  readonly file: string;
  /** Whether it was there. */
  readonly exists: boolean;
  /** Whether it has only blank lines and comments. */
  readonly isEmpty: boolean;
  /** Values of flags, which win over the file's. */
  readonly overrides: Overrides;
}

/**
 * Reads the config file that a flag names, or the first of the default paths. Without any file the defaults
 * are active, and the last default path is followed.
 *
 * @throws {OperationError} "config" when the file is faulty; its faults are logged before, a line each
 */
export async function initialConfig(options: ServerRunOptions): Promise<InitialConfig> {
  const { addr, host, port, mtu, path } = options;
  const overrides: Overrides = { addr, host, port, mtu, path };
  const paths = defaultPaths();
  const found = options.configFile ?? await findConfigFile(paths);
  const file = found ?? paths.at(-1) ?? "docker-connector.conf";
  if (found === undefined) {
    log.info("no config file: the networks of the Docker Engine are routed; create one to change that", {
      file,
    });
  }
  const text = found === undefined ? "" : await readConfigFile(file);
  const { config, faults } = parseConfig(text, file, overrides);
  if (config !== undefined) {
    for (const warning of await tooWideRights(file, config)) log.warn(warning);
    // Commands of other working directories ask the server for this path.
    const where = { file: resolve(file), exists: found !== undefined };
    return { config, ...where, isEmpty: listLines(text).length === 0, overrides };
  }
  for (const fault of faults) log.error(formatDiagnostic(fault));
  throw new OperationError(
    "config",
    `Cannot start with ${file}: ${faults.length === 1 ? "one fault" : `${faults.length} faults`}`,
    `Fix what is listed above; docker-connector check --config ${file} lists it again`,
  );
}

/** Names the lines that have no effect, since the key that they belong to is off. */
export function ineffectiveSettings(config: Config): string | undefined {
  const lines = linesWithoutExpose(config);
  if (lines.length === 0) return undefined;
  return `settings without effect (they need "expose ADDRESS:PORT"): ${lines.join(", ")}`;
}
