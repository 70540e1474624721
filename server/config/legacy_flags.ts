/**
 * Flags of the original server that this one does without. A command line or a service file that has them keeps
 * working where leaving them out does what its writer wanted.
 *
 * @module
 */

import type { LegacyFlag } from "../../cli/command.ts";
import { OperationError } from "../../core/error.ts";

/** The flags by their names without dashes; they are those of desktop/main.go of mac-docker-connector. */
export const originalFlags: Readonly<Record<string, LegacyFlag>> = {
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
  cli: {
    takesValue: true,
    replace: () => ({ flags: [], warning: "The flag -cli is ignored; the client makes itself known" }),
  },
  "log-file": {
    takesValue: true,
    replace: () => ({
      flags: [],
      warning: "The flag -log-file is ignored; the log goes to stderr, redirect that",
    }),
  },
};
