/**
 * The output of a program: answers on stdout, everything else on stderr.
 *
 * @module
 */

/** The two output streams of a command, so that tests can stand in for them. */
export interface Terminal {
  /** Writes text to stdout, as it is. */
  out(text: string): void;
  /** Writes text to stderr, as it is. */
  err(text: string): void;
  /** True if stdout is a terminal. */
  readonly outIsTerminal: boolean;
  /** True if stdout may carry colors. */
  readonly outColor: boolean;
  /** True if stderr may carry colors. */
  readonly errColor: boolean;
  /** Columns of the terminal, undefined where stdout is none. */
  readonly columns: number | undefined;
}

/** Thrown by {@link Terminal.out} when the reader of stdout has gone, as `head` does; no fault. */
export class StdoutClosed extends Error {
  /** The name of the class. */
  override readonly name = "StdoutClosed";
}

/** Milliseconds to wait for the slow reader of a full pipe before its text is dropped. */
const MAX_WAIT = { out: 10_000, err: 100 };

/** The terminal of this process. Both streams are written synchronously, so nothing is lost by an exit. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  const outIsTerminal = Deno.stdout.isTerminal();
  const plain = hasNoColor();
  return {
    out(text) {
      try {
        writeWhole(Deno.stdout, encoder.encode(text), MAX_WAIT.out);
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) throw new StdoutClosed("the reader of stdout has gone");
        throw error;
      }
    },
    err(text) {
      try {
        writeWhole(Deno.stderr, encoder.encode(text), MAX_WAIT.err);
      } catch {
        // There is no place left to report a closed stderr, and the tunnel must not stop for it.
      }
    },
    outIsTerminal,
    outColor: outIsTerminal && !plain,
    errColor: Deno.stderr.isTerminal() && !plain,
    columns: outIsTerminal ? terminalColumns() : undefined,
  };
}

/** `NO_COLOR` with any content (no-color.org), and terminals that know no escape sequences. */
function hasNoColor(): boolean {
  return (environment("NO_COLOR") ?? "") !== "" || environment("TERM") === "dumb";
}

/** An environment variable, undefined also where the program was not given the permission to read it. */
function environment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

function terminalColumns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined;
  }
}

/** Writes all bytes, also to a pipe that another process made non-blocking. */
function writeWhole(
  stream: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
  timeout: number,
): void {
  let rest = bytes;
  let waited = 0;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(stream.writeSync(rest));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || waited >= timeout) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      waited += 5;
    }
  }
}
