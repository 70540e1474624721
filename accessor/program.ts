/**
 * The commands of docker-accessor, for teammates on other machines.
 *
 * @module
 */
import type { Program } from "../cli/command.ts";
import { runCommand } from "./run_command.ts";
import { statusCommand } from "./status/status_command.ts";

/** The program. */
export const accessor: Program = {
  program: "docker-accessor",
  brief: "Joins the container networks of another machine.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [runCommand, statusCommand],
  legacyFlags: {},
  removedCommands: {},
};
