/**
 * A UDP socket inside a namespace, whose datagrams a test writes and reads in hexadecimal.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";

/** One datagram and whom it came from. */
export interface Datagram {
  readonly host: string;
  readonly port: number;
  readonly hex: string;
}

/** The socket. Disposal closes it once all is sent. */
export class UdpPeer implements AsyncDisposable {
  /** The first line says that the socket is bound. */
  #read = 1;

  private constructor(readonly process: Process) {}

  /** Opens it at a port, or at any. */
  static async open(namespace: Namespace, port = 0): Promise<UdpPeer> {
    return await UdpPeer.of(namespace.spawnScript("udp_peer.ts", [String(port)]));
  }

  /** The socket of a process that takes and gives the same lines; an Error where it cannot bind. */
  static async of(process: Process): Promise<UdpPeer> {
    try {
      await process.stdout.waitFor(/^bound$/);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new UdpPeer(process);
  }

  /** Sends one datagram. */
  async send(host: string, port: number, hex: string): Promise<void> {
    await this.process.send(`${host} ${port} ${hex}`);
  }

  /** The next datagram whose bytes match, those before it being passed over. */
  async receive(pattern = /^/, deadline = 5_000): Promise<Datagram> {
    for (;;) {
      const line = await this.process.stdout.waitFor(/^/, { from: this.#read, deadline });
      this.#read++;
      const [host = "", port = "", hex = ""] = line.split(" ");
      if (pattern.test(hex)) return { host, port: Number(port), hex };
    }
  }

  /** Waits for one more datagram whose bytes match than there are now. */
  async receiveNew(pattern = /^/, deadline = 5_000): Promise<Datagram> {
    this.#read = Math.max(this.#read, this.process.stdout.lines.length);
    return await this.receive(pattern, deadline);
  }

  /** All datagrams so far, those already read included. */
  get received(): string[] {
    return this.process.stdout.lines.slice(1).map((line) => line.split(" ")[2] ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.endInput();
    await this.process.wait(2_000).catch(() => this.process.stop());
  }
}
