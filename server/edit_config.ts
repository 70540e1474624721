/**
 * The work of `docker-connector config add|remove|list`.
 *
 * @module
 */

import { exitDone } from "../cli/exit_status.ts";
import type { Terminal } from "../cli/terminal.ts";
import { addLine, type Edit, listLines, removeLine } from "../core/config/edit.ts";
import { formatFault } from "../core/config/fault.ts";
import { parseConfig } from "../core/config/parse.ts";
import { OperationError } from "../core/error.ts";
import { readConfigFile, writeConfigFile } from "../system/config_file.ts";
import { configFileToEdit, configFileToRead } from "./config_place.ts";

/** What is said of an edit, before the file's name. */
const outcomes: Readonly<Record<Exclude<Edit["outcome"], "no-line">, string>> = {
  added: "added to",
  removed: "removed from",
  present: "already in",
  absent: "not in",
};

/**
 * Adds or removes a line.
 *
 * @param verb which of them
 * @param line the line
 * @param given the file, undefined to search the usual places
 * @param terminal told what became of it
 * @returns the exit status
 * @throws {OperationError} `usage` for what is no line, `config` where the file would become faulty or is out of reach
 */
export async function editConfig(
  verb: "add" | "remove",
  line: string,
  given: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const { file, exists } = await configFileToEdit(given);
  const before = exists || verb === "remove" ? await readConfigFile(file) : "";
  const { outcome, text } = (verb === "add" ? addLine : removeLine)(before, line);
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

/**
 * Lists the lines that say something.
 *
 * @param given the file, undefined to search the usual places
 * @param terminal told the lines
 * @returns the exit status
 * @throws {OperationError} `config`, where the file cannot be read
 */
export async function listConfig(given: string | undefined, terminal: Terminal): Promise<number> {
  const text = await readConfigFile(await configFileToRead(given));
  terminal.out(listLines(text).map((line) => `${line}\n`).join(""));
  return exitDone;
}
