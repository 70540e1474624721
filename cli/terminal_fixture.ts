import type { Terminal } from "./terminal.ts";

/** A terminal that records its output, for tests of commands: without colors and without a width, as a pipe is. */
export class CapturedTerminal implements Terminal {
  stdout = "";
  stderr = "";
  readonly outColor = false;
  readonly errColor = false;
  readonly errRewrites = false;
  readonly columns = undefined;

  /** @param outIsTerminal whether stdout poses as a terminal */
  constructor(readonly outIsTerminal = false) {}

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }
}
