/**
 * Being asked to stop: the first SIGINT or SIGTERM starts an orderly end, the second ends the process at once.
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
  readonly #handlers = new Map<(typeof signals)[number], () => void>();

  constructor() {
    const first = Promise.withResolvers<string>();
    let asked = false;
    for (const signal of signals) {
      const handler = () => {
        if (asked) Deno.exit(statusOf[signal]);
        asked = true;
        first.resolve(signal);
      };
      this.#handlers.set(signal, handler);
      Deno.addSignalListener(signal, handler);
    }
    this.received = first.promise;
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
  }
}
