/**
 * What passes a link, as tcpdump saw it.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";

/** What a test needs besides to capture. */
export const CAPTURE_NEEDS = { programs: ["tcpdump"], packages: ["tcpdump"] } as const;

/** A capture under way. Disposal ends it. */
export class Capture implements AsyncDisposable {
  private constructor(readonly process: Process, readonly file: string) {}

  /** Starts to capture whole packets of an interface, written as they come, and waits until it does. */
  static async start(namespace: Namespace, device: string, folder: string): Promise<Capture> {
    const file = `${folder}/capture-${crypto.randomUUID().slice(0, 8)}.pcap`;
    const process = namespace.spawn(["tcpdump", "-i", device, "-s", "0", "-U", "-Z", "root", "-w", file]);
    try {
      await process.stderr.waitFor(/listening on/);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new Capture(process, file);
  }

  /** Ends the capture. The octets of all packets, as Latin-1 text in which octets can be searched. */
  async finish(): Promise<string> {
    await this.process.stop();
    return new TextDecoder("latin1").decode(await Deno.readFile(this.file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}
