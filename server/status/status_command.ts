/**
 * `docker-connector status`: the state of the running server.
 *
 * @module
 */
import { type Command, defineCommand } from "../../cli/command.ts";
import { switchFlag, valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "../options.ts";

/** The command. */
export const statusCommand: Command = defineCommand(
  "status",
  {
    brief: "Show the state of the running server.",
    description: "Shows the state of the running server. Exit status 3 if none runs.",
  },
  {
    json: switchFlag("--json", "Print the whole document as JSON."),
    watch: switchFlag("--watch", "Print it again each second until interrupted."),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
  },
  async ({ json, watch, control = DEFAULT_SERVER_CONTROL }, terminal) => {
    const { SERVER_STATUS_FORMAT } = await import("./status_text.ts");
    const { showStatus } = await import("../../program/show_status.ts");
    return await showStatus(SERVER_STATUS_FORMAT, { control, json, watch }, terminal);
  },
);
