/**
 * Echo requests without end, and how long none was answered.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** Seconds between two requests; a pause of the traffic is known to some of these. */
const INTERVAL = 0.01;
/** Replies that are waited for after what was done: a program that looks at the routing table has reacted by then. */
const REPLIES_AFTER = 30;

/** A ping that runs until its disposal. */
export class EchoStream implements AsyncDisposable {
  private constructor(readonly ping: Process) {}

  /** Starts it and waits for the first reply. */
  static async start(from: Namespace, address: string): Promise<EchoStream> {
    const ping = from.spawn(["ping", "-n", "-D", "-i", `${INTERVAL}`, address], { env: { LC_ALL: "C" } });
    try {
      await ping.stdout.waitFor(/icmp_seq=/);
      return new EchoStream(ping);
    } catch (error) {
      await ping.stop();
      throw error;
    }
  }

  /**
   * The longest time without a reply while the body ran and until {@linkcode REPLIES_AFTER} more replies have come.
   *
   * @returns milliseconds; a tunnel that nothing stops shows the interval and what a busy machine adds
   */
  async longestGap(body: () => Promise<void>): Promise<number> {
    const from = Math.max(0, this.#times().length - 1);
    await body();
    const end = Date.now();
    await waitUntil("replies come", () => (this.#times().at(-REPLIES_AFTER) ?? 0) >= end, 15_000);
    const times = this.#times().slice(from);
    return Math.round(Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? time))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ping.stop();
  }

  /** When each reply came: milliseconds since 1970. */
  #times(): number[] {
    return this.ping.stdout.lines.flatMap((line) => {
      const [, seconds] = /^\[([\d.]+)\] .*icmp_seq=.* time=/.exec(line) ?? [];
      return seconds === undefined ? [] : [Number(seconds) * 1000];
    });
  }
}
