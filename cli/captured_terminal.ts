/**
 * A terminal that keeps what is written to it, for tests of commands.
 *
 * @module
 */

import type { Terminal } from "./terminal.ts";

/** Keeps both streams. */
export class CapturedTerminal implements Terminal {
  /** All of stdout. */
  stdout = "";
  /** All of stderr. */
  stderr = "";
  /** No colors, so that tests can compare. */
  readonly outColor = false;
  /** Likewise. */
  readonly errColor = false;
  /** No width, as of a pipe. */
  readonly columns = undefined;

  /** @param outIsTerminal whether stdout poses as a terminal */
  constructor(readonly outIsTerminal = false) {}

  /** Keeps text of stdout. */
  out(text: string): void {
    this.stdout += text;
  }

  /** Keeps text of stderr. */
  err(text: string): void {
    this.stderr += text;
  }
}
