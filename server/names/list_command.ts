import { type Command, defineCommand } from "../../cli/command.ts";
import { switchFlag, valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "../commands.ts";

/** `ls`: the running containers. */
export const listCommand: Command = defineCommand(
  "ls",
  {
    brief: "List the running containers with names, addresses, ports and URLs.",
    description: "Lists the containers that the running server knows. Exit status 3 if none runs.",
    examples: ["ls", "ls --json"],
  },
  {
    json: switchFlag("--json", "Print everything as JSON."),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
  },
  async ({ control = DEFAULT_SERVER_CONTROL, json }, terminal) => {
    const { listContainers } = await import("./list_containers.ts");
    return await listContainers(control, json, terminal);
  },
);
