/**
 * Flags of the server of upstream v1 that this one does not have. A command line or a service file with them
 * keeps working where it means the same without them.
 *
 * @module
 */

import type { LegacyFlag } from "../../cli/command.ts";
import { OperationError } from "../../core/error.ts";

/** The flags by their names without dashes; they are those of desktop/main.go of mac-docker-connector. */
export const legacyFlags: Readonly<Record<string, LegacyFlag>> = {
  watch: {
    takesValue: false,
    replace: (value) => ({ flags: value === "true" ? [] : ["--no-watch"], warning: "" }),
  },
  bind: {
    takesValue: false,
    replace: (value) => {
      if (value === "true") return { flags: [], warning: "" };
      throw new OperationError(
        "usage",
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
