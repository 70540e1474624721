/**
 * A terminal that records its output, for tests of commands.
 *
 * @module
 */

import type { Terminal } from "./terminal.ts";

/** Records both streams. */
export class CapturedTerminal implements Terminal {
  /** All of stdout. */
  stdout = "";
  /** All of stderr. */
  stderr = "";
  /** No colors, so that tests can compare. */
  readonly outColor = false;
  /** No colors either. */
  readonly errColor = false;
  /** No width, as of a pipe. */
  readonly columns = undefined;

  /** @param outIsTerminal whether stdout poses as a terminal */
  constructor(readonly outIsTerminal = false) {}

  /** Records text of stdout. */
  out(text: string): void {
    this.stdout += text;
  }

  /** Records text of stderr. */
  err(text: string): void {
    this.stderr += text;
  }
}
