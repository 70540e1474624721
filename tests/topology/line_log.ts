/**
 * The lines a child process has written so far, and waits for lines still to come.
 *
 * @module
 */
import { withDeadline } from "./wait.ts";

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (line: string) => void;
  readonly reject: (reason: Error) => void;
}

/** Collects one stream of a child process line by line until the stream ends. */
export class LineLog {
  readonly lines: string[] = [];
  /** Settles when the stream has ended. */
  readonly ended: Promise<void>;
  #open = true;
  #waiters: Waiter[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#collect(stream);
  }

  /**
   * The first line from index `from` on that matches, waiting for it where need be.
   *
   * @throws Error when the stream ends, or `deadline` milliseconds pass, without such a line
   */
  async waitFor(pattern: RegExp, { from = 0, deadline = 10_000 } = {}): Promise<string> {
    const found = this.lines.slice(from).find((line) => pattern.test(line));
    if (found !== undefined) return found;
    if (!this.#open) throw this.#missing(pattern);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiters.push({ pattern, resolve, reject });
    return await withDeadline(`a line matching ${pattern}; seen:\n${this.tail()}\n`, promise, deadline);
  }

  /** The last lines, indented, for a failure's message. */
  tail(count = 20): string {
    return this.lines.slice(-count).map((line) => `    ${line}`).join("\n");
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    let partial = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const pieces = (partial + text).split("\n");
      partial = pieces.pop() ?? "";
      for (const line of pieces) this.#add(line);
    }
    if (partial !== "") this.#add(partial);
    this.#open = false;
    for (const waiter of this.#waiters) waiter.reject(this.#missing(waiter.pattern));
    this.#waiters = [];
  }

  #add(line: string): void {
    this.lines.push(line);
    const matched = this.#waiters.filter((waiter) => waiter.pattern.test(line));
    if (matched.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !matched.includes(waiter));
    for (const waiter of matched) waiter.resolve(line);
  }

  #missing(pattern: RegExp): Error {
    return new Error(`The stream ended without a line matching ${pattern}:\n${this.tail()}`);
  }
}
