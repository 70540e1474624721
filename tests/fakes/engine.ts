/**
 * A fake Docker Engine on a unix socket. A function answers each request with raw bytes, so an answer may also be
 * malformed, slow or endless.
 *
 * @module
 */

/**
 * Answers one request by writing to the connection, which is closed when the promise resolves. The target has the method
 * before it unless that is GET.
 */
export type Respond = (target: string, connection: FakeConnection) => Promise<void>;

/** The Engine's end of a connection. */
export class FakeConnection {
  readonly #connection: Deno.Conn;

  /** @param head what was read of the request: its head, and perhaps the start of its body */
  constructor(connection: Deno.Conn, readonly head: string) {
    this.#connection = connection;
  }

  /** Reads the request's body as ASCII text. */
  async body(): Promise<string> {
    const length = Number(/\r\nContent-Length: (\d+)\r\n/.exec(this.head)?.[1] ?? 0);
    let text = this.head.slice(this.head.indexOf("\r\n\r\n") + 4);
    const buffer = new Uint8Array(65_536);
    while (text.length < length) {
      const count = await this.#connection.read(buffer).catch(() => null);
      if (count === null) break;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return text;
  }

  /** Writes text as it is; false when the other end is gone. */
  async write(text: string): Promise<boolean> {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until the other end is gone or the Engine stops. */
  async untilClosed(): Promise<void> {
    const buffer = new Uint8Array(64);
    while (await this.#connection.read(buffer).catch(() => null) !== null) { /* Nobody sends more. */ }
  }
}

/** An answer of HTTP/1.1 with a body of known length. */
export function answer(body: string, status = "200 OK"): string {
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** The head of an answer in chunks. */
export const CHUNKED_HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

/** One chunk. */
export function chunk(body: string): string {
  return `${new TextEncoder().encode(body).length.toString(16)}\r\n${body}\r\n`;
}

/** The answer to `GET /version` of Engine 20.10, with the fields that the client reads. */
export const VERSION = JSON.stringify({ Version: "20.10.24", ApiVersion: "1.41", MinAPIVersion: "1.12" });

/** An entry of the answer to `GET /networks`. */
export function network(name: string, ...subnets: string[]): Record<string, unknown> {
  const config = subnets.map((Subnet) => ({ Subnet }));
  return { Name: name, Id: `id-${name}`, Driver: "bridge", Scope: "local", IPAM: { Config: config } };
}

/** The fake. Disposal closes it and its connections. */
export class FakeEngine implements AsyncDisposable {
  /** The requests so far, each as its target. */
  readonly targets: string[] = [];
  readonly #listener: Deno.Listener;
  readonly #connections = new Set<Deno.Conn>();
  readonly #answering = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  /** Listens on the path. */
  constructor(readonly path: string, readonly respond: Respond) {
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await Deno.remove(this.path).catch(() => {});
    for (const connection of this.#connections) this.#close(connection);
    await Promise.all([this.#accepting, ...this.#answering]);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      const work = this.#answer(connection).finally(() => this.#answering.delete(work));
      this.#answering.add(work);
    }
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(8192);
    const length = await connection.read(buffer).catch(() => null);
    const head = new TextDecoder().decode(buffer.subarray(0, length ?? 0));
    const [, method, place] = /^(GET|POST|DELETE) (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    if (place !== undefined) {
      const target = method === "GET" ? place : `${method} ${place}`;
      this.targets.push(target);
      await this.respond(target, new FakeConnection(connection, head));
    }
    this.#close(connection);
  }

  #close(connection: Deno.Conn): void {
    if (!this.#connections.delete(connection)) return;
    try {
      connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** An Engine without faults, with networks that a test changes and events. */
export class GoodEngine implements AsyncDisposable {
  /** What `GET /networks` answers. */
  networks: unknown;
  readonly engine: FakeEngine;
  readonly #streams = new Set<FakeConnection>();

  constructor(path: string, networks: unknown = []) {
    this.networks = networks;
    this.engine = new FakeEngine(path, (target, connection) => this.#respond(target, connection));
  }

  /** Changes the networks and sends an event. */
  async change(networks: unknown): Promise<void> {
    this.networks = networks;
    const event = JSON.stringify({ Type: "network", Action: "create", Actor: { ID: "x" } });
    for (const stream of this.#streams) await stream.write(chunk(`${event}\n`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }

  async #respond(target: string, connection: FakeConnection): Promise<void> {
    if (target === "/version") await connection.write(answer(VERSION));
    else if (target.endsWith("/networks")) await connection.write(answer(JSON.stringify(this.networks)));
    else if (target.includes("/events?")) {
      await connection.write(CHUNKED_HEAD);
      this.#streams.add(connection);
      await connection.untilClosed();
      this.#streams.delete(connection);
    } else await connection.write(answer('{"message":"page not found"}', "404 Not Found"));
  }
}
