/**
 * The command line of docker-connector, the desktop side of the tunnel, with what is left of upstream v1's.
 *
 * @module
 */
import type { LegacyFlag, Program } from "../cli/command.ts";
import { usageError } from "../cli/flag.ts";
import { KEYS } from "../core/config/config.ts";
import { captureCommand } from "./capture/capture_command.ts";
import { cleanupCommand, runCommand, statusCommand } from "./commands.ts";
import { checkCommand, configCommand } from "./config/config_command.ts";
import { doctorCommand } from "./doctor/doctor_command.ts";
import { logsCommand } from "./logs/logs_command.ts";
import { trustCommand, untrustCommand } from "./https/trust_command.ts";
import { listCommand } from "./names/list_command.ts";
import { tokenCommand } from "./token/token_command.ts";
import { webCommand } from "./web/web_command.ts";

const SERVICE =
  'Homebrew runs the service: "sudo brew services start docker-connector", also stop and restart';

/**
 * Flags of upstream v1 (desktop/main.go of mac-docker-connector) that this server does not have. A command line or a
 * service file with them keeps working where it means the same without them.
 */
const legacyFlags: Readonly<Record<string, LegacyFlag>> = {
  watch: {
    takesValue: false,
    replace: (value) => ({ flags: value === "true" ? [] : ["--no-watch"], warning: "" }),
  },
  bind: {
    takesValue: false,
    replace: (value) => {
      if (value === "true") return { flags: [], warning: "" };
      throw usageError(
        "Cannot use -bind=false: the server always serves the tunnel itself",
        "Leave the flag out",
      );
    },
  },
  pong: {
    takesValue: false,
    replace: (value) => ({
      flags: [],
      warning: value === "true" ? 'The flag -pong is ignored; write "pong on" in the config file' : "",
    }),
  },
  cli: ignored("The flag -cli is ignored; the client makes itself known"),
  "log-file": ignored("The flag -log-file is ignored; the log goes to stderr, redirect that"),
};

function ignored(warning: string): LegacyFlag {
  return { takesValue: true, replace: () => ({ flags: [], warning }) };
}

/** The commands, and the remedies for those that it lacks. */
export const server: Program = {
  program: "docker-connector",
  brief: "Lets the desktop reach containers by their IP addresses.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [
    runCommand,
    checkCommand,
    statusCommand,
    doctorCommand,
    listCommand,
    configCommand,
    tokenCommand,
    logsCommand,
    captureCommand,
    webCommand,
    trustCommand,
    untrustCommand,
    cleanupCommand,
  ],
  legacyFlags,
  removedCommands: {
    // Those of the original.
    ...Object.fromEntries(
      ["install", "uninstall", "start", "stop", "restart"].map((name) => [name, SERVICE]),
    ),
    // The `config` of upstream v1 took the line itself.
    ...Object.fromEntries(
      KEYS.map(({ name }) => [`config ${name}`, `Write "docker-connector config add ${name} ..."`]),
    ),
  },
};
