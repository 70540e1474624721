import { type Command, defineCommand } from "../cli/command.ts";
import { LOG_FLAGS, valueFlag } from "../cli/flag.ts";
import { socketSyntax } from "../cli/value_syntax.ts";
import { DEFAULT_ACCESSOR_CONTROL } from "./run_command.ts";

/** `logs`: the accessor's log. */
export const logsCommand: Command = defineCommand(
  "logs",
  {
    brief: "Show the log, and follow it.",
    description:
      "Says where the log is and shows its end: systemd's journal, or the file of the Homebrew service.",
  },
  {
    ...LOG_FLAGS,
    control: valueFlag("--control", socketSyntax, `The status socket. Default: ${DEFAULT_ACCESSOR_CONTROL}.`),
  },
  async ({ control = DEFAULT_ACCESSOR_CONTROL, ...given }, terminal) => {
    const { showLogs } = await import("../program/logs/show_logs.ts");
    const options = { program: "docker-accessor", control, homebrewPrefix: undefined, ...given };
    return await showLogs(options, terminal);
  },
);
