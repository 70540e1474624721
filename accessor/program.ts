import type { Program } from "../cli/command.ts";
import { logsCommand } from "./logs_command.ts";
import { runCommand } from "./run_command.ts";
import { statusCommand } from "./status/status_command.ts";

/** docker-accessor, for teammates on other machines. */
export const accessor: Program = {
  program: "docker-accessor",
  brief: "Joins the container networks of another machine.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [runCommand, statusCommand, logsCommand],
};
