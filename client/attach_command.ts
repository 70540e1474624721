import { type Command, defineCommand } from "../cli/command.ts";
import { valueFlag } from "../cli/flag.ts";
import { socketSyntax } from "../cli/value_syntax.ts";
import { clientControl, DEFAULT_CLIENT_CONTROL } from "./run_command.ts";

/** `docker-connector-client attach`: hands its standard input and output to the running client. */
export const attachCommand: Command = defineCommand(
  "attach",
  {
    brief: "Give the running client a stream to the server. For the server alone.",
    description:
      "Hands its standard input and output to the running client, which carries packets over them, and " +
      "waits until that is over. docker-connector starts it through the Docker Engine. Exit status 0 when the " +
      "client has let go, 69 when none runs within two seconds or takes them.",
  },
  {
    control: valueFlag(
      "--control",
      socketSyntax,
      `The status socket of the running client. Default: ${DEFAULT_CLIENT_CONTROL}.`,
    ),
  },
  async ({ control }) => {
    const { attach } = await import("./attach.ts");
    return await attach(clientControl(control, (name) => Deno.env.get(name)));
  },
);
