/**
 * The work of `docker-connector config add|remove|list`, and of every other command that changes the config file.
 *
 * @module
 */

import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { addLine, type Edit, listLines, removeLine } from "../../core/config/edit.ts";
import { formatFault } from "../../core/config/diagnostic.ts";
import { findKey } from "../../core/config/keys.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import {
  findConfigFile,
  MAX_CONFIG_BYTES,
  readConfigFile,
  writeConfigFile,
} from "../../system/config/config_file.ts";
import { whileLocked } from "../../system/config/edit_lock.ts";
import { configFileToEdit, configFileToRead, type ConfigPlace } from "./config_path.ts";

/** What is done with lines. */
export type Verb = "add" | "remove";

/** What is said of an edit, before the file's name. */
const outcomes: Readonly<Record<Exclude<Edit["outcome"], "no-line">, string>> = {
  added: "added to",
  removed: "removed from",
  present: "already in",
  absent: "not in",
};

/**
 * Adds or removes lines: all of them or none.
 *
 * @param verb which of them
 * @param lines the lines
 * @param terminal told what became of them
 * @returns the exit status
 * @throws {OperationError} `usage` for what is no line, `config` where the file would become faulty or is out of reach
 */
export async function editConfig(
  verb: Verb,
  lines: readonly string[],
  place: ConfigPlace,
  terminal: Terminal,
): Promise<number> {
  const counts = new Map<string, number>();
  const file = await changeConfig(verb, place, (before) => {
    let text = before;
    for (const line of lines) {
      const edit = (verb === "add" ? addLine : removeLine)(text, line);
      if (edit.outcome === "no-line") throw noLine(verb);
      text = edit.text;
      const outcome = outcomes[edit.outcome];
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return text;
  });
  for (const [outcome, count] of counts) {
    terminal.out(
      `${lines.length === 1 ? "" : `${count} ${count === 1 ? "line" : "lines"} `}${outcome} ${file}\n`,
    );
  }
  return EXIT_OK;
}

/**
 * Changes the text of the config file while no other command does. The result is checked, and replaces the file at once.
 *
 * @param verb for messages
 * @param change the text after the change
 * @returns the file
 * @throws {OperationError} `config` where the file would become faulty or is out of reach; what `change` throws
 */
export async function changeConfig(
  verb: Verb,
  place: ConfigPlace,
  change: (before: string, file: string) => string,
): Promise<string> {
  const file = await configFileToEdit(place);
  return await whileLocked(file, async () => {
    const exists = await findConfigFile([file]) !== undefined;
    const before = exists || verb === "remove" ? await readConfigFile(file) : "";
    const after = change(before, file);
    if (after === before) return file;
    refuseFaults(verb, file, before, after);
    await writeConfigFile(file, after);
    return file;
  });
}

function noLine(verb: Verb): OperationError {
  return new OperationError(
    "usage",
    `Cannot ${verb} the line: it is a comment or more than one line`,
    'Give one line as in the file, for example "route 172.20.0.0/16"; "-" reads lines from the input',
  );
}

/** A faulty file may be fixed line by line, but not made worse; the server keeps its last good configuration anyway. */
function refuseFaults(verb: Verb, file: string, before: string, after: string): void {
  const known = parseConfig(before, file).faults;
  const next = parseConfig(after, file).faults;
  const [fault] = next;
  if (fault === undefined || (verb === "remove" && next.length < known.length)) return;
  if (known.length > 0) {
    throw new OperationError(
      "config",
      `Cannot ${verb} the line: the file is faulty already: ${formatFault(known[0] ?? fault)}`,
      'Run "docker-connector check" and fix it first',
    );
  }
  throw new OperationError("config", `Cannot ${verb} the line: it would be a fault: ${formatFault(fault)}`);
}

/**
 * The lines that a command is given: its word, or for "-" those of its input, without blank lines and comments.
 *
 * @param word the word
 * @param input read to its end for "-"
 * @param terminal told if the word holds a secret
 * @throws {OperationError} `usage` for an input without lines, or one that does not end
 */
export async function givenLines(
  word: string,
  input: { read(buffer: Uint8Array): Promise<number | null> },
  terminal: Terminal,
): Promise<readonly string[]> {
  if (word !== "-") {
    if (findKey(word.trim().split(/\s/, 1)[0] ?? "")?.secret) {
      terminal.err(
        "Other users of this machine can see a command line, and this one holds a secret. " +
          '"-" in place of the line reads it from the input; "token add" makes a token and adds it.\n',
      );
    }
    return [word];
  }
  const lines = listLines(await readAll(input));
  if (lines.length > 0) return lines;
  throw new OperationError("usage", "Cannot read lines: the input has none", "Write them as in the file");
}

async function readAll(input: { read(buffer: Uint8Array): Promise<number | null> }): Promise<string> {
  const buffer = new Uint8Array(MAX_CONFIG_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = await input.read(buffer.subarray(length));
    if (count === null) return new TextDecoder().decode(buffer.subarray(0, length));
    length += count;
  }
  throw new OperationError("usage", `Cannot read lines: the input has more than ${MAX_CONFIG_BYTES} bytes`);
}

/**
 * Lists the lines that say something.
 *
 * @param terminal told the lines
 * @returns the exit status
 * @throws {OperationError} `config`, where the file cannot be read
 */
export async function listConfig(place: ConfigPlace, terminal: Terminal): Promise<number> {
  const text = await readConfigFile(await configFileToRead(place));
  terminal.out(listLines(text).map((line) => `${line}\n`).join(""));
  return EXIT_OK;
}
