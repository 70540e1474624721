import { type Command, defineCommand } from "../../cli/command.ts";
import { LOG_FLAGS, switchFlag, valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "../commands.ts";

/** `logs`: the server's log, or that of its client container. */
export const logsCommand: Command = defineCommand(
  "logs",
  {
    brief: "Show the log, and follow it.",
    description:
      "Says where the log is and shows its end: systemd's journal, or the file of the Homebrew service. " +
      "With --client it is the log of the client container, from the Docker Engine.",
    examples: ["logs -f", "logs --client -n 20"],
  },
  {
    ...LOG_FLAGS,
    client: switchFlag("--client", "Show the log of the client container."),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
  },
  async ({ control = DEFAULT_SERVER_CONTROL, client, ...given }, terminal) => {
    if (client) {
      const { showClientLog } = await import("./client_log.ts");
      return await showClientLog(control, given, terminal);
    }
    const { showLogs } = await import("../../program/logs/show_logs.ts");
    const homebrewPrefix = Deno.env.get("HOMEBREW_PREFIX");
    const options = { program: "docker-connector", control, homebrewPrefix, ...given };
    return await showLogs(options, terminal);
  },
);
