/**
 * The work of `docker-connector status`.
 *
 * @module
 */

import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { StopSignal } from "../../system/process/stop_signal.ts";
import { isServerStatus } from "./status_document.ts";
import { statusText } from "./status_text.ts";

/** Milliseconds between two looks of `--watch`. */
const WATCH_INTERVAL = 1000;

/** ECMA-48: cursor to the upper left corner, erase the display. */
const CLEAR = "\x1b[H\x1b[2J";

/** What is shown. */
export interface StatusRequest {
  /** Path of the control socket. */
  readonly control: string;
  /** Whether as JSON. */
  readonly json: boolean;
  /** Whether again each second until the program is asked to stop. */
  readonly watch: boolean;
}

/**
 * Shows the state of the running server.
 *
 * @returns the exit status
 * @throws {OperationError} `not-running`, if none runs
 */
export async function showStatus(
  { control, json, watch }: StatusRequest,
  terminal: Terminal,
): Promise<number> {
  if (!watch) terminal.out(await render(control, json ? 2 : undefined));
  else await follow(control, json, terminal);
  return EXIT_OK;
}

async function render(control: string, jsonIndent: number | undefined): Promise<string> {
  const document = await readStatus(control, "docker-connector");
  if (jsonIndent !== undefined) return `${JSON.stringify(document, undefined, jsonIndent)}\n`;
  if (isServerStatus(document)) return statusText(document);
  throw new OperationError(
    "failure",
    `Cannot show the status at ${control}: the running docker-connector is of another version`,
    "Restart it, or use --json",
  );
}

async function follow(control: string, json: boolean, terminal: Terminal): Promise<void> {
  using stop = new StopSignal();
  const stopped = stop.received.then(() => true);
  for (let first = true;; first = false) {
    // As JSON one document a line, for programs that read on; on a terminal the text stays in its place.
    const text = await render(control, json ? 0 : undefined);
    const before = json ? "" : terminal.outIsTerminal ? CLEAR : first ? "" : "\n";
    terminal.out(before + text);
    if (await Promise.race([stopped, elapsed(WATCH_INTERVAL)])) return;
  }
}

function elapsed(milliseconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));
}
