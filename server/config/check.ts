/**
 * The work of `docker-connector check`: every fault of the config file.
 *
 * @module
 */

import { EXIT_OK, EXIT_STATUS } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/escape.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { linesWithoutExpose } from "../../core/config/changes.ts";
import type { Config } from "../../core/config/config.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import { configFileToRead } from "./config_path.ts";
import { INEFFECTIVE } from "./ineffective_settings.ts";

/**
 * Checks the config file.
 *
 * @param given the file, undefined to search the usual places
 * @param terminal prints every fault, or what a good file holds
 * @returns the exit status
 * @throws {OperationError} `config`, where the file cannot be read
 */
export async function checkConfig(given: string | undefined, terminal: Terminal): Promise<number> {
  const file = await configFileToRead({ given });
  const { config, faults, ignored } = parseConfig(await readConfigFile(file), file);
  if (config === undefined) {
    terminal.out(faults.map((fault) => `${escapeControls(formatDiagnostic(fault))}\n`).join(""));
    return EXIT_STATUS.config;
  }
  terminal.out(escapeControls(`ok: ${file}: ${summary(config)}`) + "\n");
  const report = (text: string, keys: readonly string[]) => {
    if (keys.length > 0) terminal.out(`${text}: ${keys.join(", ")}\n`);
  };
  report(INEFFECTIVE.ignored, ignored);
  report(INEFFECTIVE.withoutExpose, linesWithoutExpose(config));
  return EXIT_OK;
}

function summary({ routes, bridgePairs, tokens }: Config): string {
  const counts: readonly [number, string][] = [
    [routes.length, "route"],
    [bridgePairs.length, "iptables pair"],
    [tokens.length, "token"],
  ];
  return counts
    .filter(([count], index) => count > 0 || index === 0)
    .map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`)
    .join(", ");
}
