/**
 * Somebody with a token who means harm, on a machine of the local network.
 *
 * @module
 */
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { EXPOSED_PORT } from "./session_pair.ts";

/** What a command led to. */
export interface HostileOutcome {
  readonly result: boolean | null;
  readonly milliseconds: number;
}

/** The running program. Disposal ends it. */
export class HostileAccessor implements AsyncDisposable {
  private constructor(readonly process: Process) {}

  /** Starts it; `target` is an address that the token may reach. */
  static async start(
    network: Network,
    lan: number,
    { token, address }: { readonly token: string; readonly address: string },
    target: string,
  ): Promise<HostileAccessor> {
    const args = [network.macLanAddress, String(EXPOSED_PORT), token, address, target];
    const process = network.lan(lan).namespace.spawnScript("hostile_accessor.ts", args);
    try {
      await process.stdout.waitFor(/^ready$/);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new HostileAccessor(process);
  }

  /** Carries a command out; see the program. */
  async command(line: string, deadline = 30_000): Promise<HostileOutcome> {
    const from = this.process.stdout.lines.length;
    await this.process.send(line);
    return JSON.parse(await this.process.stdout.waitFor(/./, { from, deadline }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}
