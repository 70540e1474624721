import { versionLine } from "./build_info.ts";
import type { Program } from "../cli/command.ts";
import { processTerminal, StdoutClosed } from "../cli/terminal.ts";
import type { ProgramName } from "../system/process/least_privilege.ts";

/** The first word of a command line that means `run`, which may be left out. */
const RUN = /^(?:run$|-|$)/;

/**
 * Runs a program as this process and ends the process. Nothing heavy is imported here, so that `--version` is
 * answered in the time the runtime needs.
 *
 * @param name the program's name
 * @param load loads the program
 */
export async function start(name: ProgramName, load: () => Promise<Program>): Promise<never> {
  if (Deno.args.length === 1 && /^(?:--?)?version$/.test(Deno.args[0] ?? "")) Deno.exit(answerVersion(name));
  if (RUN.test(Deno.args[0] ?? "")) {
    // Before anything else is loaded: the program may start itself again for it.
    const { keepLeastPrivilege } = await import("../system/process/least_privilege.ts");
    await keepLeastPrivilege(name);
  }
  const [{ main }, program] = await Promise.all([import("./program.ts"), load()]);
  return await main(program);
}

function answerVersion(name: string): number {
  const terminal = processTerminal();
  try {
    terminal.out(`${versionLine(name)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof StdoutClosed) return 0;
    terminal.err(`${name}: Cannot write the version: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}
