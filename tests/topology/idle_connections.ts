/**
 * TCP connections between namespaces that carry nothing and are then asked whether they still do.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";

const PORT = 5700;
/** Milliseconds in which the connections are made, and answer. */
const LIMIT = 30_000;

/** From whom to whom, and how many. */
export interface IdleConnectionsOptions {
  readonly from: Namespace;
  readonly to: Namespace;
  /** Address of `to` as `from` reaches it. */
  readonly address: string;
  readonly count: number;
}

/** Open connections, each of which has answered once. Disposal closes them. */
export class IdleConnections implements AsyncDisposable {
  private constructor(readonly count: number, readonly server: Process, readonly holder: Process) {}

  /** Opens them. */
  static async open({ from, to, address, count }: IdleConnectionsOptions): Promise<IdleConnections> {
    await using starting = new AsyncDisposableStack();
    const server = starting.use(to.spawnScript("idle_connections.ts", ["serve", `${PORT}`]));
    await server.stdout.waitFor(/"listening"/);
    const args = ["hold", address, `${PORT}`, `${count}`];
    const holder = starting.use(from.spawnScript("idle_connections.ts", args));
    const idle = new IdleConnections(count, server, holder);
    const answered = await idle.#answers(0);
    if (answered !== count) throw new Error(`${answered} of ${count} connections answer at first`);
    starting.move();
    return idle;
  }

  /** Asks all of them at once; how many answer. */
  async ask(): Promise<number> {
    const from = this.holder.stdout.lines.length;
    await this.holder.send("ask");
    return await this.#answers(from);
  }

  async #answers(from: number): Promise<number> {
    const line = await this.holder.stdout.waitFor(/"answered"/, { from, deadline: LIMIT });
    const { count }: { readonly count: number } = JSON.parse(line);
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.holder.stop();
    await this.server.stop();
  }
}
