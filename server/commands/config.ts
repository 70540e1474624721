/**
 * `docker-connector config add|remove|list`: edits the config file. A running server takes the change over by itself.
 *
 * @module
 */

import { type Command, defineCommand, defineGroup } from "../../cli/command.ts";
import { exitDone } from "../../cli/exit_status.ts";
import { joinedWords, valueFlag } from "../../cli/flag.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { fileSyntax } from "../../cli/value_syntax.ts";
import { addLine, type Edit, listLines, removeLine } from "../../core/config/edit.ts";
import { formatFault } from "../../core/config/fault.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import { readConfigFile, writeConfigFile } from "../../system/config_file.ts";
import { configFileToEdit, configFileToRead } from "../config_place.ts";

const file = valueFlag(
  "--config",
  fileSyntax,
  "The config file. Default: docker-connector.conf in the usual places.",
);

function lineOf(verb: string) {
  return joinedWords(
    "LINE",
    "The line, quoted or not.",
    `Cannot ${verb}: the line is missing`,
    'Write it as in the file, for example "route 172.20.0.0/16"',
  );
}

const add = defineCommand(
  "add",
  {
    brief: "Add a line to the config file.",
    description: "Adds a line to the config file, unless it is there or would make the file faulty.",
  },
  { line: lineOf("add"), file },
  ({ line, file }, terminal) => edit("add", addLine, line, file, terminal),
);

const remove = defineCommand(
  "remove",
  {
    brief: "Remove a line from the config file.",
    description: "Removes a line from the config file, unless the rest would be faulty.",
  },
  { line: lineOf("remove"), file },
  ({ line, file }, terminal) => edit("remove", removeLine, line, file, terminal),
);

const list = defineCommand(
  "list",
  {
    brief: "List the lines of the config file.",
    description: "Lists the lines of the config file that say something, secrets included.",
  },
  { file },
  async ({ file }, terminal) => {
    const text = await readConfigFile(await configFileToRead(file));
    terminal.out(listLines(text).map((line) => `${line}\n`).join(""));
    return exitDone;
  },
);

/** The commands. */
export const configCommand: Command = defineGroup("config", "Edit the config file.", [add, remove, list]);

/** What is said of an edit, before the file's name. */
const outcomes: Readonly<Record<Exclude<Edit["outcome"], "no-line">, string>> = {
  added: "added to",
  removed: "removed from",
  present: "already in",
  absent: "not in",
};

async function edit(
  verb: "add" | "remove",
  change: (text: string, line: string) => Edit,
  line: string,
  given: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const { file, exists } = await configFileToEdit(given);
  const before = exists || verb === "remove" ? await readConfigFile(file) : "";
  const { outcome, text } = change(before, line);
  if (outcome === "no-line") {
    throw new OperationError(
      "usage",
      `Cannot ${verb} the line: it is a comment or more than one line`,
      'Give one line as in the file, for example "route 172.20.0.0/16"',
    );
  }
  if (text !== before) {
    refuseFaults(verb, file, before, text);
    await writeConfigFile(file, text);
  }
  terminal.out(`${outcomes[outcome]} ${file}\n`);
  return exitDone;
}

/** A faulty file may be mended line by line, but not made worse; the server keeps its last good configuration anyway. */
function refuseFaults(verb: "add" | "remove", file: string, before: string, after: string): void {
  const known = parseConfig(before, file).faults;
  const next = parseConfig(after, file).faults;
  const [fault] = next;
  if (fault === undefined || (verb === "remove" && next.length < known.length)) return;
  if (known.length > 0) {
    throw new OperationError(
      "config",
      `Cannot ${verb} the line: the file is faulty already: ${formatFault(known[0] ?? fault)}`,
      'Run "docker-connector check" and mend it first',
    );
  }
  throw new OperationError("config", `Cannot ${verb} the line: it would be a fault: ${formatFault(fault)}`);
}
