/**
 * `docker-connector web`: shows where the status page is, and turns it on where it is off.
 *
 * @module
 */
import { type Command, defineCommand } from "../../cli/command.ts";
import { switchFlag, valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "../commands.ts";
import { configFileFlag } from "../config/config_command.ts";

export const webCommand: Command = defineCommand(
  "web",
  {
    brief: "Open the status page.",
    description:
      "Prints the address of the status page and, on macOS, opens it. Where the config file has no web line yet, it adds " +
      '"web 127.0.0.1:2580". Exit status 3 if no server runs.',
  },
  {
    print: switchFlag("--print", "Only print the address; open and change nothing."),
    file: configFileFlag,
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
  },
  async ({ control = DEFAULT_SERVER_CONTROL, file, print }, terminal) => {
    const { openPage } = await import("./open_page.ts");
    return await openPage({ control, file, print }, terminal);
  },
);
