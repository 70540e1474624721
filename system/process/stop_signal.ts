/**
 * Being asked to stop: the first SIGINT or SIGTERM starts an orderly end, the second ends the process at once. SIGHUP, which by
 * itself would end the process without cleaning up, is the program's to answer.
 *
 * @module
 */

const signals = ["SIGINT", "SIGTERM"] as const;
/** 128 + signal number: what shells report for a process that a signal ended. */
const statusOf = { SIGINT: 130, SIGTERM: 143 } as const;

/** Waits for the request to stop. */
export class StopSignal implements Disposable {
  /** The first signal's name. */
  readonly received: Promise<string>;
  readonly #handlers = new Map<Deno.Signal, () => void>();

  /** @param onHangup called at each SIGHUP (the terminal was closed, or `kill -HUP`); without it SIGHUP ends the process */
  constructor(onHangup?: () => void) {
    const first = Promise.withResolvers<string>();
    let asked = false;
    for (const signal of signals) {
      const handler = () => {
        if (asked) Deno.exit(statusOf[signal]);
        asked = true;
        first.resolve(signal);
      };
      this.#handlers.set(signal, handler);
    }
    if (onHangup !== undefined) this.#handlers.set("SIGHUP", onHangup);
    for (const [signal, handler] of this.#handlers) Deno.addSignalListener(signal, handler);
    this.received = first.promise;
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
  }
}
