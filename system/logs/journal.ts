import { OperationError } from "../../core/error.ts";
import type { LogReading } from "./log_file.ts";

/** The program that reads systemd's journal; programs may run no other by the grants. */
const JOURNALCTL = "/usr/bin/journalctl";

/** Its words for the log of a unit: the lines as the program wrote them, which have their own time. */
export function journalArguments(
  unit: string,
  { lines, follow }: Pick<LogReading, "lines" | "follow">,
): string[] {
  return [`--unit=${unit}`, `--lines=${lines}`, "--no-pager", "--output=cat", ...follow ? ["--follow"] : []];
}

/**
 * Has journalctl write the log of a unit to this program's own output.
 *
 * @returns its exit status
 * @throws {OperationError} `unavailable` without journalctl
 */
export async function showJournal(unit: string, reading: LogReading): Promise<number> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(JOURNALCTL, {
      args: journalArguments(unit, reading),
      clearEnv: true,
      env: { LC_ALL: "C" },
      stdin: "null",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const message = `Cannot read the journal: there is no ${JOURNALCTL}`;
    throw new OperationError("unavailable", message, "Install systemd's journalctl", { cause: error });
  }
  reading.stop.addEventListener("abort", () => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      // A Ctrl-C has reached it too.
      if (!(error instanceof TypeError)) throw error;
    }
  });
  const { code, signal } = await child.status;
  return reading.stop.aborted || signal !== null ? 0 : code;
}
