import { type Clock, sleep } from "../../core/async/clock.ts";
import { closeConnection } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import type { DnsSocketDeps } from "./dns_answer.ts";

/** Connections at the same time; more are closed at once. */
const MAX_CONNECTIONS = 64;

/** Milliseconds from one answer to the whole next query (RFC 7766 section 6.2.3 has a few seconds), and to take an answer. */
const IDLE_MS = 5_000;

/** Milliseconds that a connection may last. */
const MAX_TIME_MS = 60_000;

/** Bytes of a query; what is longer ends the connection. */
const MAX_QUERY = 4096;

/** Bytes of an answer: the length before it has two bytes (RFC 1035 section 4.2.2). */
const MAX_ANSWER = 65_535;

const FAILURE_PAUSE = 200;

/** Answers DNS messages by TCP at one address until it is disposed of. */
export class DnsTcp implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Map<Deno.TcpConn, Promise<void>>();
  readonly #ended: Promise<void>;
  #isClosed = false;

  private constructor(listener: Deno.TcpListener, readonly deps: DnsSocketDeps, readonly clock: Clock) {
    this.#listener = listener;
    this.#ended = this.#accept();
  }

  /** Opens the socket; throws as the runtime does when it cannot. */
  static open(hostname: string, port: number, deps: DnsSocketDeps, clock: Clock = SYSTEM_CLOCK): DnsTcp {
    return new DnsTcp(Deno.listen({ transport: "tcp", hostname, port }), deps, clock);
  }

  /** The port that it has. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#listener.close();
    for (const connection of this.#connections.keys()) closeConnection(connection);
    await this.#ended;
    await Promise.all(this.#connections.values());
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const connection = await this.#listener.accept();
        const { hostname } = connection.remoteAddr;
        const isWelcome = this.#connections.size < MAX_CONNECTIONS && this.deps.isAllowed(hostname);
        if (!isWelcome) closeConnection(connection);
        else this.#connections.set(connection, this.#serve(connection));
      } catch {
        if (!this.#isClosed) await sleep(FAILURE_PAUSE, this.clock);
      }
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    using _end = this.clock.after(MAX_TIME_MS, () => closeConnection(connection));
    try {
      while (await this.#exchange(connection));
    } catch {
      // The other end has gone or was too slow.
    } finally {
      closeConnection(connection);
      this.#connections.delete(connection);
    }
  }

  /** Answers one message; false when there is no other. */
  async #exchange(connection: Deno.TcpConn): Promise<boolean> {
    using _idle = this.clock.after(IDLE_MS, () => closeConnection(connection));
    const head = await readExactly(connection, 2);
    const length = head === undefined ? 0 : head[0] << 8 | head[1];
    if (length === 0 || length > MAX_QUERY) return false;
    const query = await readExactly(connection, length);
    const reply = query && this.deps.answer(query, MAX_ANSWER, connection.remoteAddr.hostname);
    if (reply === undefined) return false;
    let rest = new Uint8Array(2 + reply.length);
    rest.set([reply.length >> 8, reply.length & 0xff]);
    rest.set(reply, 2);
    while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
    return true;
  }
}

/** Reads so many bytes; undefined if the connection ends before. */
async function readExactly(connection: Deno.TcpConn, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}
