/**
 * Command lines and environments of the three programs, up to the call of a command. An input's lines of the form NAME=VALUE are
 * variables, the others are arguments.
 *
 * @module
 */
import assert from "node:assert/strict";
import { accessor } from "../../../accessor/program.ts";
import { parseArguments } from "../../../cli/arguments.ts";
import type { Program } from "../../../cli/command.ts";
import { answerCompletions } from "../../../cli/completions.ts";
import { EXIT_STATUS, exitStatusOf } from "../../../cli/exit_status.ts";
import { helpPage } from "../../../cli/help_page.ts";
import { client } from "../../../client/program.ts";
import { type ClientFlags, clientOptions } from "../../../client/run_command.ts";
import { OperationError } from "../../../core/error.ts";
import { server } from "../../../server/program.ts";
import { textTarget } from "../target.ts";

const PROGRAMS: readonly Program[] = [server, client, accessor];
const VARIABLE = /^([A-Z][A-Z_]*)=([^\0]*)$/;

/** No flag at all. */
const NO_FLAGS = { noOffload: false } as ClientFlags;

/** Runs what may refuse, in the one way in which a program does. */
async function orRefusal(run: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    assert.ok(["usage", "config"].includes(error.code), error.code);
    assert.notEqual(exitStatusOf(error), EXIT_STATUS.failure);
    assert.match(error.message, /^Cannot /);
  }
}

async function understand(program: Program, args: readonly string[]): Promise<void> {
  const parsed = parseArguments(program, args);
  if (parsed.action === "run") parsed.command.understand(parsed.given);
  else if (parsed.action === "help") helpPage(program, parsed.path, { width: 80, bold: false });
  // Values that only a running server knows are asked of it: those of a line without words are not.
  else if (parsed.action === "completions" && parsed.words.length === 0) {
    await answerCompletions(program, parsed.shell, parsed.words);
  }
}

export const commandLines = textTarget({
  name: "command-lines",
  modules: [
    "cli/arguments.ts",
    "cli/flag.ts",
    "cli/flag_parser.ts",
    "cli/value_syntax.ts",
    "client/run_command.ts",
  ],
  share: 3,
  async take(text) {
    const args: string[] = [];
    const variables = new Map<string, string>();
    for (const line of text.split("\n", 32)) {
      const [, name, value = ""] = VARIABLE.exec(line) ?? [];
      if (name === undefined) args.push(line);
      else variables.set(name, value);
    }
    for (const program of PROGRAMS) await orRefusal(() => understand(program, args));
    await orRefusal(() => clientOptions(NO_FLAGS, (name) => variables.get(name)));
  },
});
