import { type Clock, sleep } from "../../core/async/clock.ts";
import { closeConnection, wordsOf } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { STATUS_PATH } from "./control_client.ts";

/** The limits of a control socket, and what it has beside the status. */
export interface ControlSocketOptions {
  /** Further documents by their paths, such as "/v1/containers"; each is made for each answer. */
  readonly documents?: Readonly<Record<string, () => unknown>>;
  /** Connections that are served at the same time; more are closed at once. @default 16 */
  readonly connections?: number;
  /** Milliseconds that one connection may last. @default 2000 */
  readonly deadline?: number;
  readonly clock?: Clock;
}

/** Bytes that the head of a request may have; curl's has about 80. */
const MAX_HEAD_BYTES = 4096;

/** Milliseconds until the next attempt after accepting failed. */
const ACCEPT_PAUSE = 200;

/**
 * Answers requests on a control socket until it is disposed of: read-only JSON over HTTP.
 *
 * Connections are not served by `Deno.serve`: any local user may connect, and that server limits neither the number of
 * connections nor the time that one may stay silent, so an unprivileged user could use up the descriptors of a root
 * process.
 *
 * @param listener closed with the result
 * @param status makes the document of each answer
 */
export function answerRequests(
  listener: Deno.UnixListener,
  status: () => unknown,
  { documents = {}, connections = 16, deadline = 2000, clock = SYSTEM_CLOCK }: ControlSocketOptions,
): AsyncDisposable {
  const resources = new Map([...Object.entries(documents), [STATUS_PATH, status]]);
  return serveConnections(listener, connections, clock, async (connection) => {
    using _deadline = clock.after(deadline, () => closeConnection(connection));
    let rest = new TextEncoder().encode(respond(await readHead(connection), resources));
    while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
  });
}

/**
 * Serves each connection, and closes it afterwards.
 *
 * @param most connections that are served at the same time; more are closed at once
 * @param serve what it throws ends the connection without a word
 * @returns closes all of them, and the listener
 */
export function serveConnections(
  listener: Deno.UnixListener,
  most: number,
  clock: Clock,
  serve: (connection: Deno.UnixConn) => Promise<void>,
): AsyncDisposable {
  /** Connections and what answers them. */
  const open = new Map<Deno.UnixConn, Promise<void>>();
  let isClosed = false;
  const answer = async (connection: Deno.UnixConn) => {
    try {
      await serve(connection);
    } catch {
      // The caller has gone or was too slow. A log line for each would let callers fill the disk.
    } finally {
      closeConnection(connection);
      open.delete(connection);
    }
  };
  const accept = async () => {
    while (!isClosed) {
      try {
        const connection = await listener.accept();
        if (open.size >= most) closeConnection(connection);
        else open.set(connection, answer(connection));
      } catch {
        // Most likely out of descriptors. The tunnel matters more than its status, so the next attempt waits.
        if (!isClosed) await sleep(ACCEPT_PAUSE, clock);
      }
    }
    await Promise.all(open.values());
  };
  const ended = accept();
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      listener.close();
      for (const connection of open.keys()) closeConnection(connection);
      await ended;
    },
  };
}

/** The request's head up to the empty line, or less if it is too long or ends early. A body is not read. */
export async function readHead(connection: Deno.UnixConn): Promise<string> {
  const buffer = new Uint8Array(MAX_HEAD_BYTES);
  let length = 0;
  let head = "";
  while (length < buffer.length && !head.includes("\r\n\r\n")) {
    const more = await connection.read(buffer.subarray(length));
    if (more === null) break;
    length += more;
    head = new TextDecoder("latin1").decode(buffer.subarray(0, length));
  }
  return head;
}

function respond(head: string, resources: ReadonlyMap<string, () => unknown>): string {
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r\n/.exec(head) ?? [];
  if (method === undefined || target === undefined || !head.includes("\r\n\r\n")) {
    return response("400 Bad Request", { error: "not an HTTP/1.1 request" });
  }
  const document = resources.get(target);
  if (document === undefined) {
    return response("404 Not Found", { error: `there is only ${[...resources.keys()].join(", ")}` });
  }
  if (method !== "GET") {
    return response("405 Method Not Allowed", { error: "only GET is supported" }, "Allow: GET\r\n");
  }
  try {
    return response("200 OK", document());
  } catch (error) {
    return response("500 Internal Server Error", { error: wordsOf(error) });
  }
}

export function response(status: string, document: unknown, fields = ""): string {
  const body = `${JSON.stringify(document)}\n`;
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${fields}` +
    `Connection: close\r\n\r\n${body}`;
}
