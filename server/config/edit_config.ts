/**
 * The work of `docker-connector config add|remove|list`, and of every other command that changes the config
 * file.
 *
 * @module
 */
import { EXIT_OK } from "../../cli/exit_status.ts";
import { usageError } from "../../cli/flag.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { addLine, type Edit, listLines, removeLine } from "../../core/config/text.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { findKey } from "../../core/config/config.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { OperationError } from "../../core/error.ts";
import {
  findConfigFile,
  MAX_CONFIG_BYTES,
  readBounded,
  readConfigFile,
  writeConfigFile,
} from "../../system/config/config_file.ts";
import { whileLocked } from "../../system/config/edit_lock.ts";
import { configFileToEdit, configFileToRead } from "./config_path.ts";
import { tooWideRights } from "./file_rights.ts";

export type Verb = "add" | "remove";

/** The outcome of an edit, as printed before the file's name. */
const OUTCOMES: Readonly<Record<Exclude<Edit["outcome"], "no-line">, string>> = {
  added: "added to",
  removed: "removed from",
  present: "already in",
  absent: "not in",
};

/** The remedy for a file that is faulty already. */
export const FIX_FIRST = 'Run "docker-connector check" and fix it first';

type Input = Pick<typeof Deno.stdin, "read">;

/**
 * Adds or removes lines: all of them or none.
 *
 * @returns the exit status
 * @throws {OperationError} `usage` for a comment, `config` if the file would become faulty or cannot be used
 */
export async function editConfig(
  verb: Verb,
  lines: readonly string[],
  given: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const counts = new Map<string, number>();
  const edit = verb === "add" ? addLine : removeLine;
  let result = "";
  const file = await changeConfig(verb, given, (before) =>
    result = lines.reduce((text, line) => {
      const { outcome, text: after } = edit(text, line);
      if (outcome === "no-line") {
        throw usageError(
          `Cannot ${verb} the line: it is a comment or more than one line`,
          'Give one line as in the file, for example "route 172.20.0.0/16"; "-" reads lines from the input',
        );
      }
      counts.set(OUTCOMES[outcome], (counts.get(OUTCOMES[outcome]) ?? 0) + 1);
      return after;
    }, before));
  for (const [outcome, count] of counts) {
    const which = lines.length === 1 ? "" : `${count} ${count === 1 ? "line" : "lines"} `;
    terminal.out(`${which}${outcome} ${file}\n`);
  }
  if (verb === "add") await adviseOnRights(file, result, terminal);
  return EXIT_OK;
}

/** Says after a change by which rights others could read or change the file. */
export async function adviseOnRights(file: string, text: string, terminal: Terminal): Promise<void> {
  const { config } = parseConfig(text, file);
  if (config === undefined) return;
  for (const [first = "", ...rest] of await tooWideRights(file, config)) {
    terminal.err(`${first.toUpperCase()}${rest.join("")}.\n`);
  }
}

/**
 * Changes the text of the config file while no other command does. The result is checked, and replaces the
 * file at once.
 *
 * @param change returns the text after the change
 * @returns the path of the file
 * @throws {OperationError} `config` if the file would become faulty or cannot be used; what `change` throws
 */
export async function changeConfig(
  verb: Verb,
  given: string | undefined,
  change: (before: string, file: string) => string,
): Promise<string> {
  const file = await configFileToEdit(given);
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

/** Refuses a new fault. A faulty file may be fixed line by line. */
function refuseFaults(verb: Verb, file: string, before: string, after: string): void {
  const old = parseConfig(before, file).faults;
  const next = parseConfig(after, file).faults;
  const [fault] = next;
  if (fault === undefined || (verb === "remove" && next.length < old.length)) return;
  const [state, remedy] = old[0] === undefined
    ? [`it would be a fault: ${formatDiagnostic(fault)}`]
    : [`the file is faulty already: ${formatDiagnostic(old[0])}`, FIX_FIRST];
  throw new OperationError("config", `Cannot ${verb} the line: ${state}`, remedy);
}

/**
 * Returns the lines that a command is given: its word, or for "-" those of its input without blank lines and
 * comments.
 *
 * @param terminal prints a warning if the word holds a secret
 * @throws {OperationError} `usage` for an input without lines, or one that is too long
 */
export async function givenLines(word: string, input: Input, terminal: Terminal): Promise<readonly string[]> {
  if (word !== "-") {
    if (findKey(word.trim().split(/\s/, 1)[0] ?? "")?.secret) {
      terminal.err(
        "Other users of this machine can see a command line, and this one holds a secret. " +
          '"-" in place of the line reads it from the input; "token add" makes a token and adds it.\n',
      );
    }
    return [word];
  }
  const bytes = await readBounded(input);
  if (bytes === undefined) {
    throw usageError(`Cannot read lines: the input has more than ${MAX_CONFIG_BYTES} bytes`);
  }
  const lines = listLines(new TextDecoder().decode(bytes));
  if (lines.length > 0) return lines;
  throw usageError("Cannot read lines: the input has none", "Write them as in the file");
}

/**
 * Lists the lines that are neither blank nor comments.
 *
 * @returns the exit status
 * @throws {OperationError} `config`, where the file cannot be read
 */
export async function listConfig(given: string | undefined, terminal: Terminal): Promise<number> {
  const text = await readConfigFile(await configFileToRead(given));
  terminal.out(listLines(text).map((line) => `${line}\n`).join(""));
  return EXIT_OK;
}
