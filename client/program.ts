import type { Program } from "../cli/command.ts";
import { healthCommand } from "./status/health_command.ts";
import { attachCommand } from "./attach_command.ts";
import { runCommand } from "./run_command.ts";

/** docker-connector-client, the Docker side of the tunnel. */
export const client: Program = {
  program: "docker-connector-client",
  brief: "Lets the desktop reach containers by their IP addresses: the side in the VM.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [runCommand, attachCommand, healthCommand],
};
