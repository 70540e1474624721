import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { idOf, isResponseTo, withId } from "../../core/hosts/dns_message.ts";
import { exchangeOverTcp } from "./dns_stream.ts";

/** How a query came, and so how it goes on: an answer by TCP may be longer. */
export type DnsTransport = "udp" | "tcp";

/** Where name servers listen (RFC 1035 section 4.2). */
export const DNS_PORT = 53;

/** Milliseconds that one name server has. All three together stay below the 5 s of a resolver (RES_TIMEOUT of resolv.h). */
const ANSWER_MS = 1_500;
/** Queries that wait for an answer at most; each has a socket of its own. */
const MAX_WAITING = 256;
/** Clients that wait for the same answer at most. */
const MAX_SHARED = 16;

/** Collaborators. */
export interface DnsForwarderDeps {
  /** The addresses of the name servers, in the order in which they are asked. */
  readonly servers: () => Promise<readonly string[]>;
  /** The address to ask from, by which the firewall knows these queries; undefined: any. */
  readonly source?: (family: 4 | 6) => string | undefined;
  /** Their port; another than 53 in tests alone. */
  readonly port?: number;
}

interface Waiting {
  clients: number;
  readonly response: Promise<Uint8Array | undefined>;
}

/**
 * Passes queries on to the machine's own name servers. Equal queries at the same time are one, so name servers that lead in a
 * circle back to this one wait for themselves, once, until the time is up.
 */
export class DnsForwarder {
  readonly #waiting = new Map<string, Waiting>();

  constructor(readonly deps: DnsForwarderDeps) {}

  /** Queries that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Asks; undefined where no name server has answered, or too many queries wait. */
  async forward(query: Uint8Array, transport: DnsTransport): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const response = await this.#share(query, transport);
    return response === undefined ? undefined : withId(response, idOf(query));
  }

  #share(query: Uint8Array, transport: DnsTransport): Promise<Uint8Array | undefined> {
    // All but the id.
    const key = `${transport} ${Buffer.from(query.subarray(2)).toString("latin1")}`;
    const known = this.#waiting.get(key);
    if (known !== undefined) {
      return ++known.clients > MAX_SHARED ? Promise.resolve(undefined) : known.response;
    }
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve(undefined);
    const response = this.#ask(query, transport).finally(() => this.#waiting.delete(key));
    this.#waiting.set(key, { clients: 1, response });
    return response;
  }

  async #ask(query: Uint8Array, transport: DnsTransport): Promise<Uint8Array | undefined> {
    const { servers, port = DNS_PORT, source = () => undefined } = this.deps;
    for (const server of await servers()) {
      // The id is a new one, and the port too, so that nobody can guess both (RFC 5452 section 4.5).
      const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
      const [request, from] = [withId(query, id), source(server.includes(":") ? 6 : 4)];
      const exchange = transport === "tcp"
        ? exchangeOverTcp(request, server, port, ANSWER_MS)
        : exchangeOverUdp(request, server, port, from);
      const response = await exchange.catch(() => undefined);
      if (response !== undefined && isResponseTo(query, id, response)) return response;
    }
    return undefined;
  }
}

/** Sends a query and waits for a response of that server; undefined when the time is up. */
function exchangeOverUdp(
  query: Uint8Array,
  server: string,
  port: number,
  source: string | undefined,
): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  const socket = createSocket(server.includes(":") ? "udp6" : "udp4");
  const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
  socket.on("error", () => resolve(undefined));
  socket.on("message", (message, from) => {
    // Others may send to this port too: a response counts by its sender, its id and its question.
    if (from.port === port && isResponseTo(query, idOf(query), message)) resolve(message);
  });
  const send = () =>
    socket.send(query, port, server, (error) => {
      if (error) resolve(undefined);
    });
  if (source === undefined) send();
  else socket.bind(0, source, send);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}
