/**
 * `docker-connector config add|remove|list`: edits the config file. A running server reloads it by itself.
 *
 * @module
 */

import { type Command, defineCommand, defineGroup } from "../../cli/command.ts";
import { joinedWords, valueFlag } from "../../cli/flag.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { fileSyntax } from "../../cli/value_syntax.ts";

const file = valueFlag(
  "--config",
  fileSyntax,
  "The config file. Default: the running server's, else docker-connector.conf in the usual places.",
);

function lineOf(verb: string) {
  return joinedWords(
    "LINE",
    'The line, quoted or not; "-" reads lines from the input.',
    `Cannot ${verb}: the line is missing`,
    'Write it as in the file, for example "route 172.20.0.0/16"',
  );
}

const add = defineCommand(
  "add",
  {
    brief: "Add a line to the config file.",
    description: "Adds a line to the config file, unless it is there or would make the file faulty. " +
      '"-" adds the lines of the input, all or none: secrets do not belong on a command line.',
  },
  { line: lineOf("add"), file },
  ({ line, file }, terminal) => edit("add", line, file, terminal),
);

const remove = defineCommand(
  "remove",
  {
    brief: "Remove a line from the config file.",
    description: "Removes a line from the config file, unless the rest would be faulty. " +
      '"-" removes the lines of the input.',
  },
  { line: lineOf("remove"), file },
  ({ line, file }, terminal) => edit("remove", line, file, terminal),
);

const list = defineCommand(
  "list",
  {
    brief: "List the lines of the config file.",
    description: "Lists the lines of the config file without blank lines and comments, secrets included.",
  },
  { file },
  async ({ file }, terminal) => {
    const { listConfig } = await import("./edit_config.ts");
    return await listConfig({ given: file }, terminal);
  },
);

/** The commands. */
export const configCommand: Command = defineGroup("config", "Edit the config file.", [add, remove, list]);

async function edit(
  verb: "add" | "remove",
  line: string,
  file: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const { editConfig, givenLines } = await import("./edit_config.ts");
  const lines = await givenLines(line, Deno.stdin, terminal);
  return await editConfig(verb, lines, { given: file }, terminal);
}
