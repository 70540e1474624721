/**
 * The commands of docker-connector, the desktop side of the tunnel.
 *
 * @module
 */

import type { Program } from "../cli/program.ts";
import { KEYS } from "../core/config/keys.ts";
import { checkCommand } from "./commands/check.ts";
import { cleanupCommand } from "./commands/cleanup.ts";
import { configCommand } from "./commands/config.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { tokenCommand } from "./commands/token.ts";
import { originalFlags } from "./original_flags.ts";

const SERVICE =
  'Homebrew keeps the service: "sudo brew services start docker-connector", likewise stop and restart';
const LATER = "A later version will have it";

/** The program. */
export const server: Program = {
  program: "docker-connector",
  brief: "Lets the desktop reach containers by their IP addresses.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [runCommand, checkCommand, statusCommand, configCommand, tokenCommand, cleanupCommand],
  originalFlags,
  absentCommands: {
    // Those of the original.
    install: SERVICE,
    uninstall: SERVICE,
    start: SERVICE,
    stop: SERVICE,
    restart: SERVICE,
    // The original's `config` took the line itself.
    ...Object.fromEntries(
      KEYS.map(({ name }) => [`config ${name}`, `Write "docker-connector config add ${name} ..."`]),
    ),
    doctor: LATER,
  },
};
