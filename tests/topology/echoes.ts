/**
 * Echo requests that go on, by iputils' ping, to see when an address answers again.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** Seconds between two requests: times are known to this. */
const INTERVAL = "0.05";
/** Milliseconds without an answer that count as an outage, so that a busy machine is none. */
const OUTAGE = 500;
/** Milliseconds for which answers have to come before the address counts as back: one that comes by chance is no recovery. */
const STABLE = 1_000;

/** Requests from a namespace to an address. Disposal ends them. */
export class Echoes implements AsyncDisposable {
  private constructor(readonly process: Process, readonly address: string) {}

  /** Starts them and waits for the first answer. */
  static async start(from: Namespace, address: string): Promise<Echoes> {
    const argv = ["ping", "-n", "-D", "-i", INTERVAL, address];
    const process = from.spawn(argv, { env: { LC_ALL: "C" } });
    try {
      await process.stdout.waitFor(/ time=/);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new Echoes(process, address);
  }

  /** When answers have come, in milliseconds since 1970. */
  get answers(): number[] {
    return this.process.stdout.lines.flatMap((line) => {
      const [, at] = /^\[([\d.]+)\] .* time=/.exec(line) ?? [];
      return at === undefined ? [] : [Number(at) * 1000];
    });
  }

  /** The longest time between two answers, in milliseconds. */
  get longestGap(): number {
    const { answers } = this;
    return answers.reduce((longest, at, index) => Math.max(longest, at - (answers[index - 1] ?? at)), 0);
  }

  /**
   * Waits until the address answers, and goes on to answer.
   *
   * @param since milliseconds since 1970
   * @returns when the first of these answers came; undefined when the deadline passes first
   */
  async answersAgain(since: number, deadline: number): Promise<number | undefined> {
    const look = () => firstOfStable(this.answers.filter((at) => at >= since));
    return await waitUntil(`${this.address} answers`, look, deadline).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

/** The first of the answers after which they came for {@linkcode STABLE} without an outage. */
export function firstOfStable(answers: readonly number[]): number | undefined {
  let [first] = answers;
  for (const [index, at] of answers.entries()) {
    if (at - (answers[index - 1] ?? at) > OUTAGE) first = at;
    if (first !== undefined && at - first >= STABLE) return first;
  }
  return undefined;
}
