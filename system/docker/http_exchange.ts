/**
 * One request over a unix socket and its answer, each on a connection of its own.
 *
 * Written on the bare socket rather than on `fetch` with a proxy: a compiled program then needs no grant for the network,
 * the bound on the bytes holds from the first one on, no redirect or compression is followed, and the resident memory
 * of fetch's own HTTP stack is saved.
 *
 * @module
 */
import { readBody, readHead, type ResponseHead } from "./http_response.ts";
import { BufferedReader, MalformedResponse } from "./buffered_reader.ts";

/** An answer that did not come in time. */
export class ResponseTimeout extends Error {
  /** The class's name, for logs. */
  override readonly name = "ResponseTimeout";
}

/** An answer of more bytes than it may have. */
export function tooLong(max: number): MalformedResponse {
  return new MalformedResponse(`the answer has more than ${max >> 10} KiB`);
}

/** What is sent with a request. */
export interface RequestBody {
  /** Its media type. */
  readonly type: string;
  /** How many bytes the chunks have together. */
  readonly length: number;
  /** The bytes. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A request. */
export interface EngineRequest {
  /** What is to be done with the target. */
  readonly method: "GET" | "POST" | "DELETE";
  /** The target, such as "/version". */
  readonly target: string;
  /** What is sent along. */
  readonly body?: RequestBody;
}

/** The head of a request. The Engine takes any host name; "docker" is what its own client says. */
function headOf({ method, target, body }: EngineRequest): string {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: docker",
    "User-Agent: docker-connector",
    "Accept: application/json",
    "Connection: close",
    ...(body === undefined ? [] : [`Content-Type: ${body.type}`]),
    ...(method === "POST" ? [`Content-Length: ${body?.length ?? 0}`] : []),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A request that has been answered; its body may still be on the way. */
export class Exchange implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #source: BufferedReader;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this[Symbol.dispose]();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLate = false;
  #isClosed = false;
  #head: ResponseHead = { status: 0, headers: new Map() };

  private constructor(connection: Deno.UnixConn, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort);
    this.#source = new BufferedReader({ read: (buffer) => this.#read(buffer) });
  }

  /**
   * Sends a request and reads the head of the answer.
   *
   * @param path the socket
   * @param request what is asked for
   * @param timeoutMs milliseconds until the request is sent and the whole answer must have come
   * @param signal ends the exchange at once
   * @throws {ResponseTimeout | MalformedResponse} and what `Deno.connect`, the connection and the body throw
   */
  static async send(
    path: string,
    request: EngineRequest,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Exchange> {
    signal?.throwIfAborted();
    const exchange = new Exchange(await Deno.connect({ transport: "unix", path }), signal);
    try {
      exchange.#startClock(timeoutMs);
      await exchange.#write(new TextEncoder().encode(headOf(request)));
      if (request.body !== undefined) await exchange.#writeBody(request.body);
      exchange.#head = await readHead(exchange.#source);
      return exchange;
    } catch (error) {
      exchange[Symbol.dispose]();
      throw error;
    }
  }

  /** The status code. */
  get status(): number {
    return this.#head.status;
  }

  /** Lets the rest of the answer take any time. */
  stopTimeout(): void {
    clearTimeout(this.#timer);
  }

  /** The body's chunks as they come. */
  chunks(): AsyncGenerator<Uint8Array, void> {
    return readBody(this.#source, this.#head);
  }

  /**
   * The whole body as text.
   *
   * @param max bytes that it may have
   */
  async text(max: number): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    for await (const bytes of this.chunks()) {
      length += bytes.length;
      if (length > max) throw tooLong(max);
      text += decoder.decode(bytes, { stream: true });
    }
    return text + decoder.decode();
  }

  /**
   * The body's lines as they come; the last one may lack its end.
   *
   * @param max characters that one may have
   */
  async *lines(max: number): AsyncGenerator<string, void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of this.chunks()) {
      const pieces = (text + decoder.decode(bytes, { stream: true })).split("\n");
      text = pieces.pop() ?? "";
      if (text.length > max) throw new MalformedResponse("a line of the answer does not end");
      yield* pieces;
    }
    if (text !== "") yield text;
  }

  /** Ends the connection; a read that waits fails. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  #startClock(timeoutMs: number): void {
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this[Symbol.dispose]();
    }, timeoutMs);
  }

  async #writeBody({ chunks }: RequestBody): Promise<void> {
    for await (const bytes of chunks) {
      try {
        await this.#write(bytes);
      } catch (error) {
        // An Engine that refuses closes its end before it has read everything; its answer says why.
        if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset) return;
        throw error;
      }
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    } catch (error) {
      throw this.#isLate ? new ResponseTimeout() : error;
    }
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    try {
      const length = await this.#connection.read(buffer);
      if (!this.#isLate) return length;
    } catch (error) {
      if (!this.#isLate) throw error;
    }
    throw new ResponseTimeout();
  }
}
