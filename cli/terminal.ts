/** The output of a program: answers on stdout, everything else on stderr. Tests stand in for it. */
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
  /** True if a line of stderr can be written again in its place: a terminal that knows escape sequences. */
  readonly errRewrites: boolean;
  /** Columns of the terminal, undefined where stdout is none. */
  readonly columns: number | undefined;
}

/** Thrown by {@link Terminal.out} when the reader of stdout has gone, as `head` does; no fault. */
export class StdoutClosed extends Error {
  override readonly name = "StdoutClosed";
}

/** Milliseconds to wait for the slow reader of a full pipe before its text is dropped. */
const MAX_WAIT = { out: 10_000, err: 100 };

/** The terminal of this process. Both streams are written synchronously, so nothing is lost by an exit. */
export function processTerminal(): Terminal {
  const outIsTerminal = Deno.stdout.isTerminal();
  // `NO_COLOR` with any content (no-color.org), and terminals that know no escape sequences.
  const environment = (name: string) => orUndefined(() => Deno.env.get(name)) ?? "";
  const isDumb = environment("TERM") === "dumb";
  const isPlain = isDumb || environment("NO_COLOR") !== "";
  const errIsTerminal = Deno.stderr.isTerminal();
  return {
    out(text) {
      try {
        writeWhole(Deno.stdout, text, MAX_WAIT.out);
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) throw new StdoutClosed("the reader of stdout has gone");
        throw error;
      }
    },
    err(text) {
      try {
        writeWhole(Deno.stderr, text, MAX_WAIT.err);
      } catch {
        // There is no place left to report a closed stderr, and the tunnel must not stop for it.
      }
    },
    outIsTerminal,
    outColor: outIsTerminal && !isPlain,
    errColor: errIsTerminal && !isPlain,
    errRewrites: errIsTerminal && !isDumb,
    columns: outIsTerminal ? orUndefined(() => Deno.consoleSize().columns) : undefined,
  };
}

/** What is read; undefined where it cannot be, such as a variable that the program has no permission for. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Writes all of a text, also to a pipe that another process made non-blocking. */
function writeWhole(stream: typeof Deno.stdout | typeof Deno.stderr, text: string, timeout: number): void {
  let rest: Uint8Array = new TextEncoder().encode(text);
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
