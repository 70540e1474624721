/**
 * `docker-connector cleanup`: removes what a killed run has left, and the client container.
 *
 * @module
 */

import { type Command, defineCommand } from "../cli/command.ts";
import { valueFlag } from "../cli/flag.ts";
import { fileSyntax, socketSyntax } from "../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "./options.ts";

/** The command. */
export const cleanupCommand: Command = defineCommand(
  "cleanup",
  {
    brief: "Remove what a killed run has left, and the client container.",
    description:
      "Removes the interface, the routes and the control socket that a killed run has left, and the client " +
      "container that this program has made. Needs root. Refuses while the server runs.",
  },
  {
    configFile: valueFlag(
      "--config",
      fileSyntax,
      "The config file, for its docker line. Default: docker-connector.conf in the usual places.",
    ),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
  },
  async ({ configFile, control = DEFAULT_SERVER_CONTROL }, terminal) => {
    const { cleanUp } = await import("./cleanup.ts");
    return await cleanUp({ control, configFile }, terminal);
  },
);
