/**
 * `docker-connector check`: every fault of the config file.
 *
 * @module
 */

import { type Command, defineCommand } from "../../cli/command.ts";
import { valueFlag } from "../../cli/flag.ts";
import { fileSyntax } from "../../cli/value_syntax.ts";

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
      "The config file. Default: the running server's, else docker-connector.conf in the usual places.",
    ),
  },
  async ({ file }, terminal) => {
    const { checkConfig } = await import("./check.ts");
    return await checkConfig(file, terminal);
  },
);
