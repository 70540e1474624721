import { type Command, defineCommand } from "../../cli/command.ts";
import { valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { clientControl, DEFAULT_CLIENT_CONTROL } from "../run_command.ts";

/** `docker-connector-client health`: whether the tunnel is up, for the HEALTHCHECK of the image. */
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
