import { type Clock, sleep } from "../../core/async/clock.ts";
import { parseRequestHead, type RequestHead } from "../../core/web/request_head.ts";
import { closeConnection } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/** An answer that ends. */
export interface WebAnswer {
  readonly status: number;
  /** The Content-Type. */
  readonly type: string;
  readonly body: string | Uint8Array;
  /** Further fields. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that goes on: Server-Sent Events (HTML standard, section 9.2). */
export interface WebEvents {
  /** Begins to send; disposing of the result ends that, which happens when the reader has gone. */
  readonly begin: (send: (event: string, data: string) => void) => Disposable;
}

/** Limits, so that strangers cannot use up the descriptors or the memory of a root process. */
export interface WebLimits {
  /** Connections that are served at the same time; more are closed at once. @default 64 */
  readonly connections?: number;
  /** How many of them may be event streams. @default 16 */
  readonly streams?: number;
  /** Milliseconds in which a request has to come and its answer has to be taken. @default 10000 */
  readonly deadline?: number;
  readonly clock?: Clock;
}

/** Bytes that the head of a request may have: browsers with many cookies of other local services send several thousand. */
const MAX_HEAD_BYTES = 16_384;

/** Bytes of events that may wait for a slow reader, who then has to connect again. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Milliseconds until the next attempt after accepting failed. */
const ACCEPT_PAUSE = 200;

/** Fields of each answer: nothing is kept by the browser, shown in a frame, or handed to other sites. */
const COMMON_FIELDS = [
  "Cache-Control: no-store",
  "Connection: close",
  "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy: same-origin",
  "Cross-Origin-Resource-Policy: same-origin",
  "Referrer-Policy: no-referrer",
  "X-Content-Type-Options: nosniff",
];

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * Answers GET requests on a TCP socket until it is disposed of, one request a connection. Like the control socket it does
 * without `Deno.serve`, which limits neither the number of connections nor the time that one may stay silent.
 *
 * @param listener closed with the result
 * @param answer must not change anything; what it throws is answered by 500
 */
export class WebListener implements AsyncDisposable {
  readonly #open = new Map<Deno.TcpConn, Promise<void>>();
  readonly #accepting: Promise<void>;
  readonly #clock: Clock;
  #streams = 0;
  #isClosed = false;

  constructor(
    readonly listener: Deno.TcpListener,
    readonly answer: (request: RequestHead) => Promise<WebAnswer | WebEvents> | WebAnswer | WebEvents,
    readonly limits: WebLimits = {},
  ) {
    this.#clock = limits.clock ?? SYSTEM_CLOCK;
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.listener.close();
    for (const connection of this.#open.keys()) closeConnection(connection);
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const { connections = 64 } = this.limits;
    while (!this.#isClosed) {
      try {
        const connection = await this.listener.accept();
        if (this.#open.size >= connections) closeConnection(connection);
        else this.#open.set(connection, this.#serve(connection));
      } catch {
        // Most likely out of descriptors. The tunnel matters more than its page, so the next attempt waits.
        if (!this.#isClosed) await sleep(ACCEPT_PAUSE, this.#clock);
      }
    }
    await Promise.all(this.#open.values());
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const { streams = 16, deadline = 10_000 } = this.limits;
    const timer = this.#clock.after(deadline, () => closeConnection(connection));
    try {
      const head = parseRequestHead(await readHead(connection));
      let answer = await this.#answerTo(head);
      if ("begin" in answer && this.#streams >= streams) answer = text(503, "too many pages are open");
      if ("begin" in answer && head?.method === "HEAD") answer = text(405, "a stream has no head alone");
      if (!("begin" in answer)) return await writeAll(connection, encode(answer, head?.method === "HEAD"));
      timer[Symbol.dispose]();
      await this.#stream(connection, answer);
    } catch {
      // The caller has gone or was too slow. A log line for each would let callers fill the disk.
    } finally {
      timer[Symbol.dispose]();
      closeConnection(connection);
      this.#open.delete(connection);
    }
  }

  async #answerTo(head: RequestHead | undefined): Promise<WebAnswer | WebEvents> {
    if (head === undefined) return text(400, "not an HTTP/1.1 request");
    if (head.method !== "GET" && head.method !== "HEAD") {
      return { ...text(405, "only GET is supported"), headers: { Allow: "GET, HEAD" } };
    }
    try {
      return await this.answer(head);
    } catch (error) {
      return text(500, error instanceof Error ? error.message : String(error));
    }
  }

  async #stream(connection: Deno.TcpConn, { begin }: WebEvents): Promise<void> {
    this.#streams++;
    let waiting = 0;
    let last: Promise<void> = Promise.resolve();
    const write = (bytes: Uint8Array) => {
      waiting += bytes.length;
      if (waiting > MAX_WAITING_BYTES) closeConnection(connection);
      last = last.then(() => writeAll(connection, bytes)).then(
        () => void (waiting -= bytes.length),
        () => closeConnection(connection),
      );
    };
    write(encodeHead(200, ["Content-Type: text/event-stream; charset=utf-8"]));
    const sending = begin((event, data) =>
      write(new TextEncoder().encode(`event: ${event}\ndata: ${data}\n\n`))
    );
    try {
      // Nothing more is expected of the reader but its end.
      const rest = new Uint8Array(256);
      while (await connection.read(rest) !== null);
    } finally {
      sending[Symbol.dispose]();
      this.#streams--;
      closeConnection(connection);
      await last;
    }
  }
}

/** An answer of one line. */
export function text(status: number, line: string): WebAnswer {
  return { status, type: "text/plain; charset=utf-8", body: `${line}\n` };
}

/** The request's head up to the empty line, or less if it is too long or ends early. A body is not read. */
async function readHead(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(MAX_HEAD_BYTES);
  const decoder = new TextDecoder("latin1");
  let length = 0;
  while (length < buffer.length) {
    const more = await connection.read(buffer.subarray(length));
    if (more === null) break;
    length += more;
    const head = decoder.decode(buffer.subarray(0, length));
    if (head.includes("\r\n\r\n")) return head;
  }
  return "";
}

function encodeHead(status: number, fields: readonly string[]): Uint8Array {
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? ""}`, ...fields, ...COMMON_FIELDS, "", ""];
  return new TextEncoder().encode(lines.join("\r\n"));
}

function encode({ status, type, body, headers = {} }: WebAnswer, isHeadOnly: boolean): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const further = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = encodeHead(status, [`Content-Type: ${type}`, `Content-Length: ${bytes.length}`, ...further]);
  if (isHeadOnly) return head;
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}
