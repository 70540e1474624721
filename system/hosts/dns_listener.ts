import { createSocket } from "node:dgram";
import { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { acceptConnections } from "../proxy/accept_connections.ts";
import type { DnsTransport } from "./dns_forwarder.ts";
import { codeOf, wordsOf } from "../process/runtime_error.ts";
import { closeQuietly } from "../proxy/connect.ts";
import { readDnsMessage, writeDnsMessage } from "./dns_stream.ts";

/** TCP connections at a time. */
const MAX_CONNECTIONS = 64;
/** Milliseconds without a query after which a connection is closed: RFC 7766 section 6.2.3 asks for some seconds. */
const IDLE_MS = 10_000;

/** Answers a query from that address; undefined for what gets no answer. Must not throw. */
export type AnswerDns = (
  query: Uint8Array,
  source: string,
  transport: DnsTransport,
) => Promise<Uint8Array | undefined>;

/** Listens for DNS messages on one address, by UDP and TCP on the same port. */
export class DnsListener implements AsyncDisposable {
  readonly #connections = new Set<Deno.TcpConn>();
  #tcp: Deno.Listener<Deno.TcpConn> | undefined;
  #accepting: Promise<void> = Promise.resolve();

  private constructor(
    readonly port: number,
    readonly answer: AnswerDns,
    readonly udp: ReturnType<typeof createSocket>,
  ) {}

  /**
   * Opens both sockets.
   *
   * @param port 0 lets the kernel choose
   * @throws {OperationError} "unavailable" where the port is taken or the address is not this machine's
   */
  static async open(address: IpAddress, port: number, answer: AnswerDns): Promise<DnsListener> {
    const hostname = formatAddress(address);
    const udp = createSocket(address.family === 4 ? "udp4" : "udp6");
    const bound = Promise.withResolvers<void>();
    udp.on("error", bound.reject);
    udp.bind(port, hostname, bound.resolve);
    try {
      await bound.promise;
      const listener = new DnsListener(udp.address().port, answer, udp);
      listener.#tcp = Deno.listen({ hostname, port: listener.port });
      listener.#accepting = acceptConnections(
        listener.#tcp,
        (connection) => void listener.#serve(connection),
      );
      udp.on("message", (query, { address, port }) => void listener.#reply(query, address, port));
      return listener;
    } catch (error) {
      closeQuietly(udp);
      const reason = wordsOf(error);
      const remedy = codeOf(error) === "EACCES"
        ? "Give the container CAP_NET_BIND_SERVICE; until then another port is used for redirected queries"
        : "Stop the program that has the port; until then another one is used for redirected queries";
      throw new OperationError(
        "unavailable",
        `Cannot listen for DNS on ${hostname} port ${port}: ${reason}`,
        remedy,
      );
    }
  }

  /** Closes all that is open. */
  async [Symbol.asyncDispose](): Promise<void> {
    closeQuietly(this.udp);
    this.#tcp?.close();
    for (const connection of this.#connections) closeQuietly(connection);
    await this.#accepting;
  }

  async #reply(query: Uint8Array, address: string, port: number): Promise<void> {
    const answer = await this.answer(query, address, "udp");
    if (answer === undefined) return;
    try {
      this.udp.send(answer, port, address, () => {});
    } catch {
      // It was closed meanwhile.
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    if (this.#connections.size >= MAX_CONNECTIONS) return connection.close();
    this.#connections.add(connection);
    const source = connection.remoteAddr.hostname;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const restart = () => {
      clearTimeout(timer);
      timer = setTimeout(() => closeQuietly(connection), IDLE_MS);
    };
    restart();
    try {
      for (;;) {
        const query = await readDnsMessage(connection);
        const answer = query && await this.answer(query, source, "tcp");
        if (answer === undefined) break;
        restart();
        await writeDnsMessage(connection, answer);
      }
    } catch {
      // The client is gone, or the time is up.
    } finally {
      clearTimeout(timer);
      this.#connections.delete(connection);
      closeQuietly(connection);
    }
  }
}
