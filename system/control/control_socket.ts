/**
 * The control socket of a program: read-only JSON over HTTP on a unix socket. `curl --unix-socket PATH
 * http://localhost/v1/status` reads it too.
 *
 * Connections are not served by `Deno.serve`: any local user may connect, and that server limits neither the number of
 * connections nor the time that one may stay silent, so an unprivileged user could use up the descriptors of a root
 * process.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";

/** The fault that a running process serves the control socket. */
export class ControlSocketInUse extends OperationError {}

/** The only resource. */
export const STATUS_PATH = "/v1/status";

/** The limits of a control socket. */
export interface ControlSocketOptions {
  /** Connections that are served at the same time; more are closed at once. @default 16 */
  readonly connections?: number;
  /** Milliseconds that one connection may last. @default 2000 */
  readonly deadline?: number;
}

/** Bytes that the head of a request may have; curl's has about 80. */
const MAX_HEAD_BYTES = 4096;

/** The form of a program's name: any process may answer at a path that was given. */
const PROGRAM_NAME = /^[a-z][a-z-]{0,63}$/;

/** Milliseconds until the next attempt after accepting failed. */
const ACCEPT_PAUSE = 200;

/** A control socket that is being served. Disposing it closes it and removes its file. */
export interface ControlSocket extends AsyncDisposable {
  /** The path it listens on. */
  readonly path: string;
}

/**
 * Opens a control socket and serves it until it is disposed. A socket file that a dead process left is replaced.
 *
 * @param path where the socket's file is made
 * @param program the program that serves it, as in its status document
 * @param status makes the document of each answer; nothing secret may be in it, every local user can read it
 * @param options the limits for all callers together and for each
 * @throws {ControlSocketInUse} if a living process serves it
 * @throws {OperationError} `io` if the path is unusable, `privilege` if it may not be written
 */
export async function serveControlSocket(
  path: string,
  program: string,
  status: () => unknown,
  options: ControlSocketOptions = {},
): Promise<ControlSocket> {
  await claimSocketPath(path, program);
  const listener = listen(path);
  const file = Deno.lstatSync(path).ino;
  const server = new StatusServer(listener, status, options);
  const running = server.run();
  return {
    path,
    async [Symbol.asyncDispose]() {
      // The file first: a caller that finds it can still connect, and one that does not sees that nothing runs.
      removeOwn(path, file);
      server.close();
      await running;
    },
  };
}

/** The connections to a control socket, of which a limited number is served at a time. */
class StatusServer {
  readonly #listener: Deno.UnixListener;
  readonly #status: () => unknown;
  readonly #maxConnections: number;
  readonly #deadline: number;
  readonly #open = new Set<Deno.UnixConn>();
  #closed = false;

  constructor(listener: Deno.UnixListener, status: () => unknown, options: ControlSocketOptions) {
    this.#listener = listener;
    this.#status = status;
    this.#maxConnections = options.connections ?? 16;
    this.#deadline = options.deadline ?? 2000;
  }

  /** Accepts connections until {@link close}; resolves when the last answer is given or given up. */
  async run(): Promise<void> {
    const answers = new Set<Promise<void>>();
    while (!this.#closed) {
      try {
        const connection = await this.#listener.accept();
        const answer = this.#serve(connection).finally(() => answers.delete(answer));
        answers.add(answer);
      } catch {
        // Most likely out of descriptors. The tunnel matters more than its status, so the next attempt waits.
        if (!this.#closed) await pause(ACCEPT_PAUSE);
      }
    }
    await Promise.all(answers);
  }

  close(): void {
    this.#closed = true;
    this.#listener.close();
    this.#open.forEach(close);
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    if (this.#open.size >= this.#maxConnections) return close(connection);
    this.#open.add(connection);
    await serve(connection, this.#status, this.#deadline);
    this.#open.delete(connection);
  }
}

/**
 * Removes the socket file that a dead process left. Called before anything is set up, it prevents that a second run of a
 * program takes over the addresses and routes of the first.
 *
 * @param program the program that needs the path, as in its status document
 * @throws {ControlSocketInUse} if a running process serves it
 * @throws {OperationError} `io` if another file is there, `privilege` if the socket may not be removed
 */
export async function claimSocketPath(path: string, program: string): Promise<void> {
  const found = await inspect(path);
  if (found === "served") throw await inUse(path, program);
  if (found === "stale") removeStale(path);
  if (found === "other-file") {
    throw cannotOpen(
      path,
      "the path holds a file that is not a socket",
      "Remove it or give --control another path",
    );
  }
}

/**
 * Removes the socket file that a dead process left.
 *
 * @returns whether there was one
 * @throws {OperationError} `privilege` if it may not be removed
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const isStale = await inspect(path) === "stale";
  if (isStale) removeStale(path);
  return isStale;
}

/** Finds out what is at a path; a stale socket is one that a dead process left. */
async function inspect(path: string): Promise<"nothing" | "stale" | "served" | "other-file"> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return "other-file";
    (await Deno.connect({ transport: "unix", path })).close();
    return "served";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "stale";
    if (isAbsent(error)) return "nothing";
    throw openFault(path, error);
  }
}

/** A second run of a program also finds interface and port taken, so another path helps only against other programs. */
async function inUse(path: string, program: string): Promise<ControlSocketInUse> {
  const { askStatus } = await import("./control_client.ts");
  const document = await askStatus(path).catch(() => undefined);
  const owner = document?.program;
  const process = Number.isSafeInteger(document?.pid) ? `, process ${document?.pid}` : "";
  const fault = (state: string, remedy: string) =>
    new ControlSocketInUse("io", `Cannot open control socket ${path}: ${state}`, remedy);
  if (owner === program) return fault(`another ${program} is running${process}`, "Stop it first");
  const isNamed = typeof owner === "string" && PROGRAM_NAME.test(owner);
  return fault(
    isNamed ? `${owner} serves it${process}` : "another program serves it",
    "Give --control another path",
  );
}

function removeStale(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw openFault(path, error);
  }
}

function listen(path: string): Deno.UnixListener {
  try {
    const listener = Deno.listen({ transport: "unix", path });
    // Until here the umask decides, and only root can connect. `status` must work without sudo, so every user may
    // connect: the socket only answers, and the answer holds no secret.
    Deno.chmodSync(path, 0o666);
    return listener;
  } catch (error) {
    throw openFault(path, error);
  }
}

function openFault(path: string, error: unknown): OperationError {
  if (error instanceof Deno.errors.PermissionDenied) {
    return new OperationError(
      "privilege",
      `Cannot open control socket ${path}: permission denied`,
      "Run with sudo or give --control a path you may write to",
      { cause: error },
    );
  }
  if (isAbsent(error)) {
    return cannotOpen(path, "its folder does not exist", "Make the folder or give --control another path");
  }
  const state = error instanceof Error ? error.message : String(error);
  return cannotOpen(path, state, "Give --control another path");
}

/**
 * Whether an operation failed since nothing is at its path, or the folder of the path is not a folder.
 *
 * @param error what the operation threw
 */
export function isAbsent(error: unknown): boolean {
  // Deno 2.4 throws a plain Error for ENOTDIR, later ones have a class for it; both set the code.
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && "code" in error && error.code === "ENOTDIR");
}

function cannotOpen(path: string, state: string, remedy: string): OperationError {
  return new OperationError("io", `Cannot open control socket ${path}: ${state}`, remedy);
}

/** Removes a socket file, unless another process has replaced it since. */
function removeOwn(path: string, file: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === file) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function serve(connection: Deno.UnixConn, status: () => unknown, milliseconds: number): Promise<void> {
  const deadline = setTimeout(() => close(connection), milliseconds);
  try {
    const answer = respond(await readHead(connection), status);
    await writeWhole(connection, new TextEncoder().encode(answer));
  } catch {
    // The caller has gone or was too slow. A log line for each would let callers fill the disk.
  } finally {
    clearTimeout(deadline);
    close(connection);
  }
}

/** The request's head up to the empty line, or less if it is too long or ends early. A body is not read. */
async function readHead(connection: Deno.UnixConn): Promise<string> {
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

function respond(head: string, status: () => unknown): string {
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r\n/.exec(head) ?? [];
  if (method === undefined || target === undefined || !head.includes("\r\n\r\n")) {
    return response("400 Bad Request", { error: "not an HTTP/1.1 request" });
  }
  if (target !== STATUS_PATH) return response("404 Not Found", { error: `only ${STATUS_PATH} exists` });
  if (method !== "GET") {
    return response("405 Method Not Allowed", { error: "only GET is supported" }, "Allow: GET\r\n");
  }
  try {
    return response("200 OK", status());
  } catch (error) {
    return response("500 Internal Server Error", {
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

function response(status: string, document: unknown, fields = ""): string {
  const body = `${JSON.stringify(document)}\n`;
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${fields}` +
    `Connection: close\r\n\r\n${body}`;
}

async function writeWhole(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Closes a connection; its deadline, its own end and the end of the program may do so at the same time. */
function close(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
