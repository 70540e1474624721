import { OperationError } from "../../core/error.ts";
import type { HostPort } from "../../core/net/endpoint.ts";
import { acceptConnections } from "./accept_connections.ts";
import { closeQuietly, connectWithin } from "./connect.ts";
import { relay } from "./relay.ts";

/** Milliseconds for the connection to the target, which is on this machine or near it. */
const CONNECT_MS = 10_000;

/** What a TCP and a UDP proxy have in common. */
export interface ProxyDeps {
  /** The virtual address that is listened on, as text. */
  readonly hostname: string;
  readonly listenPort: number;
  readonly target: HostPort;
  /** Whether that address may use it. */
  readonly mayConnect: (source: string) => boolean;
  /** One more connection or flow is admitted, or one less is there. */
  readonly slots: { take(): boolean; release(): void };
  /** The target took a connection, or why it did not. */
  readonly onTarget: (fault: string | undefined) => void;
}

/** Listens on one address and relays each connection to the target. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Deno.Listener<Deno.TcpConn>;
  readonly #open = new Set<{ close(): void }>();
  readonly #accepting: Promise<void>;
  #isClosed = false;

  /** @throws {OperationError} "unavailable" where the port is taken */
  constructor(readonly deps: ProxyDeps) {
    const { hostname, listenPort: port } = deps;
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (error) {
      throw cannotListen("TCP", deps, error);
    }
    this.#accepting = acceptConnections(this.#listener, (connection) => void this.#serve(connection));
  }

  /** Ends with its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    closeQuietly(this.#listener);
    for (const connection of this.#open) closeQuietly(connection);
    await this.#accepting;
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const { mayConnect, slots, target, onTarget } = this.deps;
    if (this.#isClosed || !mayConnect(client.remoteAddr.hostname) || !slots.take()) {
      return closeQuietly(client);
    }
    this.#open.add(client);
    let server: Deno.TcpConn | undefined;
    try {
      server = await this.#connect(target);
      if (server === undefined || this.#isClosed) return;
      onTarget(undefined);
      this.#open.add(server);
      for (const connection of [client, server]) prepare(connection);
      await relay(client, server);
    } finally {
      for (const connection of [client, server]) {
        if (connection === undefined) continue;
        this.#open.delete(connection);
        closeQuietly(connection);
      }
      slots.release();
    }
  }

  async #connect({ host, port }: HostPort): Promise<Deno.TcpConn | undefined> {
    try {
      return await connectWithin(host, port, CONNECT_MS);
    } catch (error) {
      this.deps.onTarget(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

/** Sends small writes at once, and finds out after the two hours of RFC 1122 section 4.2.3.6 that the other end is gone. */
function prepare(connection: Deno.TcpConn): void {
  try {
    connection.setNoDelay(true);
    connection.setKeepAlive(true);
  } catch {
    // It has ended already; the relay sees that.
  }
}

/** Makes the error of a port that cannot be listened on. */
export function cannotListen(
  protocol: "TCP" | "UDP",
  { hostname, listenPort }: ProxyDeps,
  error: unknown,
): OperationError {
  const reason = error instanceof Error ? error.message : String(error);
  return new OperationError(
    "unavailable",
    `Cannot listen on ${protocol} port ${listenPort} of ${hostname}: ${reason}`,
    "Stop the program that has the port, or give the proxy line another LISTENPORT",
  );
}
