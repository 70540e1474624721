/**
 * `docker-connector status`: the state of the running server.
 *
 * @module
 */

import { type Command, defineCommand } from "../../cli/command.ts";
import { exitDone } from "../../cli/exit_status.ts";
import { switchFlag, valueFlag } from "../../cli/flag.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "../../system/control_client.ts";
import { StopSignal } from "../../system/stop_signal.ts";
import { defaultServerControl } from "../options.ts";
import { isServerStatus } from "../status_document.ts";
import { statusText } from "../status_text.ts";

/** Milliseconds between two looks of `--watch`. */
const WATCH_INTERVAL = 1000;

/** ECMA-48: cursor to the upper left corner, erase the display. */
const CLEAR = "\x1b[H\x1b[2J";

/** The command. */
export const statusCommand: Command = defineCommand(
  "status",
  {
    brief: "Show the state of the running server.",
    description: "Shows the state of the running server. Exit status 3 if none runs.",
  },
  {
    json: switchFlag("--json", "Print the whole document as JSON."),
    watch: switchFlag("--watch", "Print it again each second until interrupted."),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${defaultServerControl}.`),
  },
  async ({ json, watch, control = defaultServerControl }, terminal) => {
    if (!watch) terminal.out(await render(control, json ? 2 : undefined));
    else await follow(control, json, terminal);
    return exitDone;
  },
);

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
