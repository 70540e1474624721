/** With 128 + signal number: what shells report for a process that a signal ended. */
const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/**
 * The request to stop: the first SIGINT or SIGTERM starts an orderly end, the second ends the process at once. SIGHUP, which by
 * itself would end the process without cleaning up, is the program's to answer.
 */
export class StopSignal implements Disposable {
  /** The first signal's name. */
  readonly received: Promise<string>;
  readonly #handlers = new Map<Deno.Signal, () => void>();

  /** @param onHangup called at each SIGHUP (the terminal was closed, or `kill -HUP`); without it SIGHUP ends the process */
  constructor(onHangup?: () => void) {
    const first = Promise.withResolvers<string>();
    this.received = first.promise;
    let isAsked = false;
    for (const [signal, status] of SIGNALS) {
      this.#handlers.set(signal, () => {
        if (isAsked) Deno.exit(status);
        isAsked = true;
        first.resolve(signal);
      });
    }
    if (onHangup !== undefined) this.#handlers.set("SIGHUP", onHangup);
    for (const [signal, handler] of this.#handlers) Deno.addSignalListener(signal, handler);
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
  }
}
