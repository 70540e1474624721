/**
 * The socket beside the control socket that gives captured packets: `GET /v1/capture?count=N` is answered with a pcapng file that
 * ends with the capture, or when the caller closes its side. Packets are secrets, so root alone may connect.
 *
 * @module
 */
import { deadline } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { closeConnection, wordsOf } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { ROOT_ONLY, serveSocket } from "./control_socket.ts";
import { readHead, response, serveConnections } from "./status_server.ts";

/** The only resource of the socket. */
export const CAPTURE_PATH = "/v1/capture";

/** Captures at the same time. */
const MAX_CAPTURES = 4;
/** Milliseconds for the request, and for what is left at the end of a capture. */
const DEADLINE = 2000;

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/x-pcapng\r\nConnection: close\r\n\r\n";

/** Where the socket is. */
export function captureSocketPath(control: string): string {
  return `${control}.capture`;
}

/** A capture that was started for a request. */
export interface StartedCapture {
  /** Resolves when all is written. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

/** Where its bytes go. */
export interface CaptureOutput {
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Serves the socket until it is disposed of.
 *
 * @param control path of the control socket
 * @param start starts a capture of what the query asks for; what it throws is the answer
 * @throws {OperationError} `io` or `privilege`
 */
export async function serveCaptureSocket(
  control: string,
  program: string,
  start: (query: URLSearchParams, output: CaptureOutput) => StartedCapture,
): Promise<AsyncDisposable> {
  return await serveSocket(captureSocketPath(control), program, ROOT_ONLY, (listener) => {
    const captures = new Set<StartedCapture>();
    const server = serveConnections(listener, MAX_CAPTURES, SYSTEM_CLOCK, async (connection) => {
      const query = await readQuery(connection);
      if (typeof query === "string") return void await writeText(connection, query);
      let capture: StartedCapture;
      try {
        capture = start(query, new CaptureBody(connection));
      } catch (error) {
        const state = error instanceof OperationError ? "400 Bad Request" : "500 Internal Server Error";
        return void await writeText(connection, response(state, { error: wordsOf(error) }));
      }
      captures.add(capture);
      void waitForEnd(connection).then(() => stop(capture, connection));
      await capture.ended;
      captures.delete(capture);
    });
    return {
      async [Symbol.asyncDispose]() {
        for (const capture of captures) capture.stop();
        await Promise.all(
          Array.from(captures, ({ ended }) => deadline(ended, DEADLINE, () => {}, SYSTEM_CLOCK)),
        );
        await server[Symbol.asyncDispose]();
      },
    };
  });
}

/** Ends a capture; a caller that takes nothing more is not waited for. */
function stop(capture: StartedCapture, connection: Deno.UnixConn): void {
  capture.stop();
  const timer = SYSTEM_CLOCK.after(DEADLINE, () => closeConnection(connection));
  void capture.ended.then(() => timer[Symbol.dispose]());
}

/** Writes the head of the answer before the first bytes. */
class CaptureBody implements CaptureOutput {
  #head = new TextEncoder().encode(HEAD);

  constructor(readonly connection: Deno.UnixConn) {}

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#head.length > 0) {
      this.#head = this.#head.subarray(await this.connection.write(this.#head));
    }
    return await this.connection.write(bytes);
  }
}

/** The query of the request, or the answer to one that is none. */
async function readQuery(connection: Deno.UnixConn): Promise<URLSearchParams | string> {
  using _deadline = SYSTEM_CLOCK.after(DEADLINE, () => closeConnection(connection));
  const head = await readHead(connection);
  const [, path, query = ""] = /^GET (\/[^\s?]*)(?:\?(\S*))? HTTP\/1\.[01]\r\n/.exec(head) ?? [];
  if (path === CAPTURE_PATH) return new URLSearchParams(query);
  return path === undefined
    ? response("400 Bad Request", { error: "only GET is supported" })
    : response("404 Not Found", { error: `only ${CAPTURE_PATH} exists` });
}

/** Waits until the other end has closed its side. */
async function waitForEnd(connection: Deno.UnixConn): Promise<void> {
  const buffer = new Uint8Array(512);
  try {
    while (await connection.read(buffer) !== null);
  } catch {
    // The connection was closed at the end of the capture.
  }
}

async function writeText(connection: Deno.UnixConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}
