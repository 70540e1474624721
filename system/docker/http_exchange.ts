import type { Clock } from "../../core/async/clock.ts";
import type { AnswerTime } from "../../core/docker/engine_clock.ts";
import { closeConnection } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { MalformedResponse, ResponseTimeout, toDockerError } from "./docker_error.ts";
import { BufferedReader, readBody, readHead, type ResponseHead } from "./http_response.ts";

/** The body of a request: its media type, and bytes of all chunks together. */
export interface RequestBody {
  readonly type: string;
  readonly length: number;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A request, to a target such as "/version". */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly target: string;
  readonly body?: RequestBody | undefined;
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

/**
 * A request over a unix socket with the head of its answer, on a connection of its own; the body may still be on the way. All
 * that goes wrong is an OperationError, see {@linkcode toDockerError}.
 *
 * It uses the bare socket, not `fetch` with a proxy: docs/internals/dependencies.md has the reasons.
 */
export class Exchange implements Disposable {
  readonly #close = () => closeConnection(this.connection);
  readonly #timer: Disposable;
  readonly #source = new BufferedReader((buffer) => this.#inTime(() => this.connection.read(buffer)));
  #isLate = false;
  #head: ResponseHead = { status: 0, headers: new Map() };
  #time: Omit<AnswerTime, "date"> = { sentAt: 0, receivedAt: 0 };

  private constructor(
    private readonly path: string,
    private readonly connection: Deno.UnixConn,
    timeoutMs: number,
    private readonly signal: AbortSignal | undefined,
    clock: Clock,
  ) {
    signal?.addEventListener("abort", this.#close);
    this.#timer = clock.after(timeoutMs, () => {
      this.#isLate = true;
      this.#close();
    });
  }

  /**
   * Sends a request and reads the head of the answer.
   *
   * @param timeoutMs time limit for sending and for the whole answer
   * @param signal ends the exchange at once
   */
  static async send(
    path: string,
    request: EngineRequest,
    timeoutMs: number,
    signal?: AbortSignal,
    clock: Clock = SYSTEM_CLOCK,
  ): Promise<Exchange> {
    let exchange: Exchange | undefined;
    try {
      signal?.throwIfAborted();
      const sentAt = clock.wallClock();
      const connection = await Deno.connect({ transport: "unix", path });
      exchange = new Exchange(path, connection, timeoutMs, signal, clock);
      await exchange.#write(new TextEncoder().encode(headOf(request)));
      if (request.body !== undefined) await exchange.#writeBody(request.body);
      exchange.#head = await readHead(exchange.#source);
      exchange.#time = { sentAt, receivedAt: clock.wallClock() };
      return exchange;
    } catch (error) {
      exchange?.[Symbol.dispose]();
      throw toDockerError(path, error);
    }
  }

  get status(): number {
    return this.#head.status;
  }

  /** When the head of the answer came, and its date. */
  get time(): AnswerTime {
    return { ...this.#time, date: this.#head.headers.get("date") };
  }

  /** Lifts the time limit. */
  stopTimeout(): void {
    this.#timer[Symbol.dispose]();
  }

  /** Reads the whole body as text of at most `max` bytes. */
  async text(max: number): Promise<string> {
    let text = "";
    for await (const piece of this.#pieces(max)) text += piece;
    return text;
  }

  /**
   * Reads the body's lines as they come; the last one may lack its end.
   *
   * @param maxLine characters of one line
   * @param max bytes of the whole body
   */
  async *lines(maxLine: number, max = Infinity): AsyncGenerator<string, void> {
    let text = "";
    for await (const piece of this.#pieces(max)) {
      const lines = (text + piece).split("\n");
      text = lines.pop() ?? "";
      if (text.length > maxLine) {
        throw toDockerError(this.path, new MalformedResponse("a line of the answer does not end"));
      }
      yield* lines;
    }
    if (text !== "") yield text;
  }

  /** Reads the body as pieces of bytes as they come. */
  async *bytes(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* readBody(this.#source, this.#head);
    } catch (error) {
      throw toDockerError(this.path, error);
    }
  }

  /** Reads the body as pieces of text as they come. */
  async *#pieces(max: number): AsyncGenerator<string, void> {
    const decoder = new TextDecoder();
    let length = 0;
    try {
      for await (const bytes of readBody(this.#source, this.#head)) {
        length += bytes.length;
        if (length > max) throw new MalformedResponse(`the answer has more than ${max >> 10} KiB`);
        yield decoder.decode(bytes, { stream: true });
      }
    } catch (error) {
      throw toDockerError(this.path, error);
    }
    yield decoder.decode();
  }

  /** Closes the connection; a pending read fails. */
  [Symbol.dispose](): void {
    this.stopTimeout();
    this.signal?.removeEventListener("abort", this.#close);
    this.#close();
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
      at += await this.#inTime(() => this.connection.write(bytes.subarray(at)));
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
