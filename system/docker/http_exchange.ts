/**
 * One request over a unix socket and its answer, each on a connection of its own.
 *
 * It uses the bare socket, not `fetch` with a proxy: docs/internals/dependencies.md has the reasons.
 *
 * @module
 */
import { readBody, readHead, type ResponseHead } from "./http_response.ts";
import { BufferedReader, MalformedResponse } from "./buffered_reader.ts";

/** An answer that does not come in time. */
export class ResponseTimeout extends Error {
  override readonly name = "ResponseTimeout";
}

/** Makes the error for an answer of more than `max` bytes. */
export function tooLong(max: number): MalformedResponse {
  return new MalformedResponse(`the answer has more than ${max >> 10} KiB`);
}

/** The body of a request. */
export interface RequestBody {
  /** Its media type. */
  readonly type: string;
  /** Bytes of all chunks together. */
  readonly length: number;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A request. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** The target, such as "/version". */
  readonly target: string;
  readonly body?: RequestBody;
}

/** Formats the head of a request. The Engine accepts any host name; its own client sends "docker". */
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

/** A request with the head of its answer; the body may still be on the way. */
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
    this.#source = new BufferedReader((buffer) => this.#inTime(() => connection.read(buffer)));
  }

  /**
   * Sends a request and reads the head of the answer.
   *
   * @param timeoutMs time limit for sending and for the whole answer
   * @param signal ends the exchange at once
   * @throws {ResponseTimeout | MalformedResponse} and the errors of `Deno.connect`, the connection and the body
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
      exchange.#timer = setTimeout(() => {
        exchange.#isLate = true;
        exchange[Symbol.dispose]();
      }, timeoutMs);
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

  /** Lifts the time limit. */
  stopTimeout(): void {
    clearTimeout(this.#timer);
  }

  /** Reads the body's chunks as they come. */
  chunks(): AsyncGenerator<Uint8Array, void> {
    return readBody(this.#source, this.#head);
  }

  /** Reads the whole body as text of at most `max` bytes. */
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

  /** Reads the body's lines as they come, each of at most `max` characters; the last one may lack its end. */
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

  /** Closes the connection; a pending read fails. */
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

  async #writeBody({ chunks }: RequestBody): Promise<void> {
    for await (const bytes of chunks) {
      try {
        await this.#write(bytes);
      } catch (error) {
        // An Engine that refuses may close before it has read everything; its answer says why.
        if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset) return;
        throw error;
      }
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#inTime(() => this.#connection.write(bytes.subarray(at)));
    }
  }

  /** Does I/O on the connection; throws {@linkcode ResponseTimeout} if the time is over then. */
  async #inTime<T>(io: () => Promise<T>): Promise<T> {
    try {
      const result = await io();
      if (!this.#isLate) return result;
    } catch (error) {
      if (!this.#isLate) throw error;
    }
    throw new ResponseTimeout();
  }
}
