/**
 * The commands of docker-connector, the desktop side of the tunnel.
 *
 * @module
 */

import type { Program } from "../cli/command.ts";
import { KEYS } from "../core/config/config.ts";
import { checkCommand } from "./config/check_command.ts";
import { cleanupCommand } from "./cleanup_command.ts";
import { configCommand } from "./config/config_command.ts";
import { runCommand } from "./run_command.ts";
import { statusCommand } from "./status/status_command.ts";
import { tokenCommand } from "./token/token_command.ts";
import { legacyFlags } from "./config/legacy_flags.ts";

const SERVICE =
  'Homebrew runs the service: "sudo brew services start docker-connector", also stop and restart';
const LATER = "A later version will have it";

/** The program. */
export const server: Program = {
  program: "docker-connector",
  brief: "Lets the desktop reach containers by their IP addresses.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [runCommand, checkCommand, statusCommand, configCommand, tokenCommand, cleanupCommand],
  legacyFlags,
  removedCommands: {
    // Those of the original.
    install: SERVICE,
    uninstall: SERVICE,
    start: SERVICE,
    stop: SERVICE,
    restart: SERVICE,
    // The `config` of upstream v1 took the line itself.
    ...Object.fromEntries(
      KEYS.map(({ name }) => [`config ${name}`, `Write "docker-connector config add ${name} ..."`]),
    ),
    doctor: LATER,
  },
};
