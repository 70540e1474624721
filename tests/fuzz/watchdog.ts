/**
 * Ends the process when one input takes too long: nothing else ends a loop that does not end.
 *
 * @module
 */

/** Milliseconds that one input may take. The slowest good one takes some ten; the rest is for a busy machine. */
export const INPUT_LIMIT = 20_000;

/** Watches which input is being taken, from a thread of its own. */
export class Watchdog implements Disposable {
  readonly #worker: Worker;
  readonly #count: Int32Array;

  /** @param where how to make the input again, but for its number */
  constructor(where: string) {
    const shared = new SharedArrayBuffer(4);
    this.#count = new Int32Array(shared);
    this.#worker = new Worker(new URL("watchdog_worker.ts", import.meta.url), { type: "module" });
    this.#worker.postMessage({ shared, where, limit: INPUT_LIMIT });
  }

  /** The input of this number is taken from now on. */
  note(index: number): void {
    Atomics.store(this.#count, 0, index);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
