import { sleep } from "../../core/async/clock.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import type { DnsSocketDeps } from "./dns_answer.ts";

/** Bytes that are received of one datagram: queries have a few hundred. What is longer is cut, and then malformed. */
const MAX_QUERY = 4096;

/** Milliseconds until the next attempt after receiving failed. */
const FAILURE_PAUSE = 20;

/** Answers DNS messages by UDP at one address until it is disposed of. */
export class DnsUdp implements AsyncDisposable {
  readonly #socket: Deno.DatagramConn;
  readonly #ended: Promise<void>;
  #isClosed = false;

  private constructor(socket: Deno.DatagramConn, readonly deps: DnsSocketDeps) {
    this.#socket = socket;
    this.#ended = this.#serve();
  }

  /** Opens the socket; throws as the runtime does when it cannot. Port 0: any. */
  static open(hostname: string, port: number, deps: DnsSocketDeps): DnsUdp {
    return new DnsUdp(Deno.listenDatagram({ transport: "udp", hostname, port }), deps);
  }

  /** The port that it has. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#socket.close();
    await this.#ended;
  }

  async #serve(): Promise<void> {
    const { answer, isAllowed } = this.deps;
    const buffer = new Uint8Array(MAX_QUERY);
    while (!this.#isClosed) {
      try {
        const [query, source] = await this.#socket.receive(buffer);
        if (source.transport !== "udp" || !isAllowed(source.hostname)) continue;
        const reply = answer(query, undefined, source.hostname);
        // A sender that is gone or a full buffer is no matter of ours: the sender asks again.
        if (reply !== undefined) void this.#socket.send(reply, source).catch(() => {});
      } catch {
        // An ICMP error of an earlier answer comes here too.
        if (!this.#isClosed) await sleep(FAILURE_PAUSE, SYSTEM_CLOCK);
      }
    }
  }
}
