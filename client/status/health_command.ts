/**
 * `docker-connector-client health`: whether the tunnel is up, for the HEALTHCHECK of the image.
 *
 * @module
 */

import { type Command, defineCommand } from "../../cli/command.ts";
import { valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_CLIENT_CONTROL } from "../options.ts";
import { clientControl } from "../run_command.ts";

/** The command. */
export const healthCommand: Command = defineCommand(
  "health",
  {
    brief: "Say whether the tunnel is up.",
    description: "Says whether the server was heard lately. Exit status 0 if it was, else 1.",
  },
  {
    control: valueFlag("--control", socketSyntax, `The status socket. Default: ${DEFAULT_CLIENT_CONTROL}.`),
  },
  async ({ control }, terminal) => {
    const { reportHealth } = await import("./health.ts");
    return await reportHealth(clientControl(control, (name) => Deno.env.get(name)), terminal);
  },
);
