import { EXIT_OK, EXIT_STATUS } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import type { Config } from "../../core/config/config.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import { configFileToRead } from "./config_path.ts";
import { ineffectiveSettings } from "./initial_config.ts";

/**
 * `docker-connector check`: prints every fault of the config file, or what a good one holds.
 *
 * @param given the file, undefined to search the usual places
 * @returns the exit status
 * @throws {OperationError} `config`, where the file cannot be read
 */
export async function checkConfig(given: string | undefined, terminal: Terminal): Promise<number> {
  const file = await configFileToRead(given);
  const { config, faults } = parseConfig(await readConfigFile(file), file);
  if (config === undefined) {
    terminal.out(faults.map((fault) => `${escapeControls(formatDiagnostic(fault))}\n`).join(""));
    return EXIT_STATUS.config;
  }
  terminal.out(escapeControls(`ok: ${file}: ${summary(config)}`) + "\n");
  const ineffective = ineffectiveSettings(config);
  if (ineffective !== undefined) terminal.out(`${ineffective}\n`);
  return EXIT_OK;
}

function summary({ routes, bridgePairs, tokens }: Config): string {
  const counted = ({ length }: readonly unknown[], name: string) =>
    `${length} ${name}${length === 1 ? "" : "s"}`;
  return [
    counted(routes, "route"),
    ...bridgePairs.length > 0 ? [counted(bridgePairs, "iptables pair")] : [],
    ...tokens.length > 0 ? [counted(tokens, "token")] : [],
  ].join(", ");
}
