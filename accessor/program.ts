/**
 * The commands of docker-accessor, for teammates on other machines.
 *
 * @module
 */
import type { Program } from "../cli/program.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";

/** The program. */
export const accessor: Program = {
  program: "docker-accessor",
  brief: "Joins the container networks of another machine.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [runCommand, statusCommand],
  originalFlags: {},
  absentCommands: {},
};
