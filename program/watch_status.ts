import { EXIT_OK } from "../cli/exit_status.ts";
import { LiveText } from "../cli/live_text.ts";
import type { Terminal } from "../cli/terminal.ts";
import { type Clock, deadline } from "../core/async/clock.ts";
import { OperationError } from "../core/error.ts";
import { StopSignal } from "../system/process/stop_signal.ts";

/** Milliseconds between two documents. */
const INTERVAL = 1000;

/** What a watch shows, and where. */
export interface WatchOptions {
  /** The program's name. */
  readonly program: string;
  /** Whether documents are JSON, one a line, for programs that read on. */
  readonly json: boolean;
  /**
   * Asks for the next document, as text with its newline.
   *
   * @throws {OperationError} where there is none
   */
  readonly read: () => Promise<string>;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/**
 * Shows the status each second until the user interrupts: on a terminal in its place, elsewhere one after the other. A program that
 * ends is shown as not running, and shown again when it runs.
 *
 * @returns the exit status
 * @throws {OperationError} what the first document fails with
 */
export async function watchStatus({ program, json, read, terminal, clock }: WatchOptions): Promise<number> {
  const first = await read();
  using stop = new StopSignal();
  const stopped = stop.received.then(() => true);
  using resized = new WindowChange();
  const live = terminal.outIsTerminal && !json ? new LiveText(terminal) : undefined;
  let isFirst = true;
  let last = "";
  const show = (text: string, isDocument: boolean) => {
    if (live !== undefined) live.show(text);
    else if (json) terminal.out(isDocument ? text : "");
    else if (isDocument || text !== last) terminal.out(isFirst ? text : `\n${text}`);
    isFirst = false;
    last = text;
  };
  show(first, true);
  for (;;) {
    const wait = Promise.race([stopped, resized.next()]);
    if (await deadline(wait, INTERVAL, () => false, clock)) return EXIT_OK;
    try {
      show(await read(), true);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      show(`${absence(program, error)}\n`, false);
    }
  }
}

/** A restart takes a moment, in which the program may also break off its answer. */
function absence(program: string, { code, report }: OperationError): string {
  return code === "not-running" ? `${program} is not running; it is shown again when it runs` : report;
}

/** Tells when the window of the terminal has another size. */
class WindowChange implements Disposable {
  #next = Promise.withResolvers<false>();
  readonly #handler = () => {
    this.#next.resolve(false);
    this.#next = Promise.withResolvers();
  };

  constructor() {
    Deno.addSignalListener("SIGWINCH", this.#handler);
  }

  /** Resolves at the next change. */
  next(): Promise<false> {
    return this.#next.promise;
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGWINCH", this.#handler);
  }
}
