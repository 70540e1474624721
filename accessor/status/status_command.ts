import { type Command, defineCommand } from "../../cli/command.ts";
import { switchFlag, valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_ACCESSOR_CONTROL } from "../run_command.ts";

/** `docker-accessor status`: the state of the running accessor. */
export const statusCommand: Command = defineCommand(
  "status",
  {
    brief: "Show the state of the running accessor.",
    description: "Shows the state of the running accessor. Exit status 3 if none runs.",
  },
  {
    json: switchFlag("--json", "Print the whole document as JSON."),
    watch: switchFlag("--watch", "Show it again each second, in its place on a terminal, until interrupted."),
    control: valueFlag("--control", socketSyntax, `The status socket. Default: ${DEFAULT_ACCESSOR_CONTROL}.`),
  },
  async ({ json, watch, control = DEFAULT_ACCESSOR_CONTROL }, terminal) => {
    const { ACCESSOR_STATUS_FORMAT } = await import("./status_document.ts");
    const { showStatus } = await import("../../program/show_status.ts");
    return await showStatus(ACCESSOR_STATUS_FORMAT, { control, json, watch }, terminal);
  },
);
