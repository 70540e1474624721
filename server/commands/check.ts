/**
 * `docker-connector check`: every fault of the config file.
 *
 * @module
 */

import { type Command, defineCommand } from "../../cli/command.ts";
import { exitDone, exitStatus } from "../../cli/exit_status.ts";
import { valueFlag } from "../../cli/flag.ts";
import { escapeControls } from "../../cli/plain_text.ts";
import { fileSyntax } from "../../cli/value_syntax.ts";
import type { Config } from "../../core/config/config.ts";
import { formatFault } from "../../core/config/fault.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { readConfigFile } from "../../system/config_file.ts";
import { configFileToRead } from "../config_place.ts";

/** The command. */
export const checkCommand: Command = defineCommand(
  "check",
  {
    brief: "Check the config file.",
    description:
      "Prints every fault of the config file as FILE:LINE:COLUMN: message. Exit status 78 if there is one.",
  },
  {
    file: valueFlag(
      "--config",
      fileSyntax,
      "The config file. Default: docker-connector.conf in the usual places.",
    ),
  },
  async ({ file: given }, terminal) => {
    const file = await configFileToRead(given);
    const { config, faults } = parseConfig(await readConfigFile(file), file);
    if (config === undefined) {
      terminal.out(faults.map((fault) => `${escapeControls(formatFault(fault))}\n`).join(""));
      return exitStatus.config;
    }
    terminal.out(escapeControls(`ok: ${file}: ${summary(config)}`) + "\n");
    return exitDone;
  },
);

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
