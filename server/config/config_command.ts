/**
 * `docker-connector check` and `config add|remove|list`: look at the config file and edit it. A running server reloads
 * it by itself.
 *
 * @module
 */
import { type Command, defineCommand, defineGroup } from "../../cli/command.ts";
import { joinedWords, valueFlag } from "../../cli/flag.ts";
import { KEYS } from "../../core/config/config.ts";
import { fileSyntax } from "../../cli/value_syntax.ts";

/** `--config` of the commands that work on the file of the running server. */
export const configFileFlag = valueFlag(
  "--config",
  fileSyntax,
  "The config file. Default: the running server's, else docker-connector.conf in the usual places.",
);

export const checkCommand: Command = defineCommand(
  "check",
  {
    brief: "Check the config file.",
    description:
      "Prints every fault of the config file as FILE:LINE:COLUMN: message. Exit status 78 if there is one.",
  },
  { file: configFileFlag },
  async ({ file }, terminal) => {
    const { checkConfig } = await import("./check.ts");
    return await checkConfig(file, terminal);
  },
);

function editCommand(verb: "add" | "remove", brief: string, description: string): Command {
  const line = joinedWords(
    "LINE",
    'The line, quoted or not; "-" reads lines from the input.',
    `Cannot ${verb}: the line is missing`,
    'Write it as in the file, for example "route 172.20.0.0/16"',
    verb === "add" ? KEYS.map(({ name }) => name) : [],
    async (before) => {
      const { suggestAdded, suggestRemoved } = await import("../completion/suggestions.ts");
      return await (verb === "add" ? suggestAdded : suggestRemoved)(before);
    },
  );
  return defineCommand(
    verb,
    { brief, description },
    { line, file: configFileFlag },
    async (given, terminal) => {
      const { editConfig, givenLines } = await import("./edit_config.ts");
      const lines = await givenLines(given.line, Deno.stdin, terminal);
      return await editConfig(verb, lines, given.file, terminal);
    },
  );
}

const list = defineCommand(
  "list",
  {
    brief: "List the lines of the config file.",
    description: "Lists the lines of the config file without blank lines and comments, secrets included.",
  },
  { file: configFileFlag },
  async ({ file }, terminal) => {
    const { listConfig } = await import("./edit_config.ts");
    return await listConfig(file, terminal);
  },
);

export const configCommand: Command = defineGroup("config", "Edit the config file.", [
  editCommand(
    "add",
    "Add a line to the config file.",
    "Adds a line to the config file, unless it is there or would make the file faulty. " +
      '"-" adds the lines of the input, all or none: secrets do not belong on a command line.',
  ),
  editCommand(
    "remove",
    "Remove a line from the config file.",
    "Removes a line from the config file, unless the rest would be faulty. " +
      '"-" removes the lines of the input.',
  ),
  list,
]);
