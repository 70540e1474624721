/**
 * `docker-connector trust|untrust`: whether programs of this machine trust the local authority.
 *
 * @module
 */
import { type Command, defineCommand } from "../../cli/command.ts";
import { configFileFlag } from "../config/config_command.ts";

export const trustCommand: Command = defineCommand(
  "trust",
  {
    brief: "Have this machine and its browsers trust HTTPS of containers.",
    description:
      "Installs the local authority in the system's store, and in those of Firefox and Chromium where they have one. Makes the " +
      "authority if there is none. It can sign for names below the domain of containers alone. Needs root.",
  },
  { file: configFileFlag },
  async ({ file }, terminal) => (await import("./trust.ts")).trust(file, terminal),
);

export const untrustCommand: Command = defineCommand(
  "untrust",
  {
    brief: "Take that back.",
    description: "Removes the local authority from the stores. Its key stays for the next time. Needs root.",
  },
  {},
  async (_flags, terminal) => (await import("./trust.ts")).untrust(terminal),
);
