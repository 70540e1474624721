/**
 * TCP transfers between namespaces, with hashes and the longest gap between two arrivals.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";

/** From whom to whom, and how much. */
export interface TransferOptions {
  readonly from: Namespace;
  /** Address of `from` as `to` reaches it. */
  readonly address: string;
  readonly to: Namespace;
  readonly bytes: number;
  /** Bytes per second; as fast as possible where absent. */
  readonly rate?: number;
  readonly port?: number;
}

/** What arrived. */
export interface TransferResult {
  readonly bytes: number;
  readonly sha256: string;
  readonly seconds: number;
  /** The longest time in milliseconds in which no byte arrived, after the first. */
  readonly longestGapMs: number;
}

/** A transfer under way: its first byte has arrived. Disposal ends it early. */
export class Transfer implements AsyncDisposable {
  private constructor(readonly source: Process, readonly sink: Process) {}

  /** Starts both ends and waits for the first byte. */
  static async start(options: TransferOptions): Promise<Transfer> {
    const port = options.port ?? 5600;
    const { bytes, rate = 0 } = options;
    const source = options.from.spawnScript("stream.ts", ["serve", `${port}`, `${bytes}`, `${rate}`]);
    try {
      await source.stdout.waitFor(/"listening"/);
      const sink = options.to.spawnScript("stream.ts", ["fetch", options.address, `${port}`]);
      try {
        await sink.stdout.waitFor(/"first"/);
        return new Transfer(source, sink);
      } catch (error) {
        await sink.stop();
        throw error;
      }
    } catch (error) {
      await source.stop();
      throw error;
    }
  }

  /** Whether bytes are still to come. */
  get running(): boolean {
    return this.sink.running;
  }

  /**
   * Waits for the last byte.
   *
   * @throws Error when what arrived is not what was sent
   */
  async finish(deadline = 60_000): Promise<TransferResult> {
    const received: TransferResult = JSON.parse(await this.sink.stdout.waitFor(/"done"/, { deadline }));
    const sent: { bytes: number; sha256: string } = JSON.parse(await this.source.stdout.waitFor(/"done"/));
    await Promise.all([this.sink.wait(), this.source.wait()]);
    if (received.sha256 !== sent.sha256 || received.bytes !== sent.bytes) {
      throw new Error(
        `Sent ${sent.bytes} bytes ${sent.sha256}, received ${received.bytes} ${received.sha256}`,
      );
    }
    return received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink.stop();
    await this.source.stop();
  }
}

/** A whole transfer; its bytes have been compared by hash. */
export async function transfer(options: TransferOptions): Promise<TransferResult> {
  await using running = await Transfer.start(options);
  return await running.finish();
}
