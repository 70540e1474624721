import { EXIT_OK } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { OperationError } from "../../core/error.ts";
import { askStatus } from "../../system/control/control_client.ts";
import { type LogReading, readLogFile } from "../../system/logs/log_file.ts";
import { StopSignal } from "../../system/process/stop_signal.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { findLog } from "./log_place.ts";

/** What `logs` shows. */
export interface LogsOptions {
  /** The program whose log it is. */
  readonly program: string;
  /** Path of its control socket. */
  readonly control: string;
  /** Lines from the end. @default 100 */
  readonly lines: number | undefined;
  readonly follow: boolean;
  /** The variable HOMEBREW_PREFIX. */
  readonly homebrewPrefix: string | undefined;
}

/** Lines that are shown unless told otherwise. */
const USUAL_LINES = 100;

/**
 * Shows the log of a program's service, or says where the log is.
 *
 * @returns the exit status
 * @throws {OperationError} `unavailable` where nothing keeps it, `io` or `privilege` where it cannot be read
 */
export async function showLogs(options: LogsOptions, terminal: Terminal): Promise<number> {
  const { program, homebrewPrefix } = options;
  const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);
  const place = await findLog(program, { exists, homebrewPrefix });
  if (place === undefined) throw await nowhere(options);
  return await whileReading(options, async (reading) => {
    const say = (where: string) => terminal.err(`${program}: the log is ${escapeControls(where)}\n`);
    if (place.kind === "journal") {
      say(`in the journal of ${place.unit}`);
      const { showJournal } = await import("../../system/logs/journal.ts");
      return await showJournal(place.unit, reading);
    }
    say(place.path);
    await printLog(readLogFile(place.path, reading, SYSTEM_CLOCK), terminal);
    return EXIT_OK;
  });
}

/** Runs something that reads a log until the user interrupts. */
export async function whileReading(
  { lines = USUAL_LINES, follow }: Pick<LogsOptions, "lines" | "follow">,
  read: (reading: LogReading) => Promise<number>,
): Promise<number> {
  using stop = new StopSignal();
  const interrupted = new AbortController();
  void stop.received.then(() => interrupted.abort());
  return await read({ lines, follow, stop: interrupted.signal });
}

/** Prints a log. On a terminal its control characters are shown, since others can write it. */
export async function printLog(pieces: AsyncIterable<Uint8Array>, terminal: Terminal): Promise<void> {
  const decoder = new TextDecoder();
  const safe = (text: string) =>
    terminal.outIsTerminal ? text.split("\n").map((line) => escapeControls(line)).join("\n") : text;
  for await (const piece of pieces) terminal.out(safe(decoder.decode(piece, { stream: true })));
  terminal.out(safe(decoder.decode()));
}

async function nowhere({ program, control }: LogsOptions): Promise<OperationError> {
  const document = await askStatus(control).catch(() => undefined);
  const process = document?.program === program && Number.isSafeInteger(document.pid)
    ? ` (process ${document.pid})`
    : "";
  return new OperationError(
    "unavailable",
    `Cannot show the log of ${program}: no service keeps it`,
    `The log goes to stderr of whatever started ${program}${process}: look at its terminal, or where that is redirected to`,
  );
}
