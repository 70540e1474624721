/**
 * The progress line of this process, on a terminal whose log is text. Elsewhere there is none, and the log's lines tell.
 *
 * @module
 */
import { terminalSize } from "../cli/live_text.ts";
import { ProgressLine } from "../cli/progress_line.ts";
import type { Terminal } from "../cli/terminal.ts";

export type { ProgressEntry } from "../cli/progress_line.ts";

let line: ProgressLine | undefined;

/** Sets it up, or takes it away. */
export function configureProgress(terminal: Terminal, isText: boolean): void {
  line?.clear();
  const columns = () => terminalSize().columns;
  line = isText && terminal.errRewrites ? new ProgressLine((text) => terminal.err(text), columns) : undefined;
}

/** The line; undefined where there is none. */
export function progressLine(): ProgressLine | undefined {
  return line;
}
