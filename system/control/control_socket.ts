/**
 * The control socket of a program: read-only JSON over HTTP on a unix socket. `curl --unix-socket PATH
 * http://localhost/v1/status` reads it too.
 *
 * Connections are served by hand, not by `Deno.serve`: any local user may connect, and that server bounds neither the
 * number of connections nor the time one may stay silent, so that a user without rights could use up the descriptors
 * of a root process.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";

/** A control socket that a living process serves. */
export class ControlSocketInUse extends OperationError {
  /**
   * @param path of the socket
   * @param state who serves it
   * @param remedy what to do
   */
  constructor(path: string, state: string, remedy: string) {
    super("io", `Cannot open control socket ${path}: ${state}`, remedy);
  }
}

/** The one resource. */
export const STATUS_PATH = "/v1/status";

/** What one program grants to all callers together and to each. */
export interface ControlLimits {
  /** Connections served at the same time; more are closed at once. */
  readonly connections: number;
  /** Milliseconds one connection may last. */
  readonly deadline: number;
}

const DEFAULT_LIMITS: ControlLimits = { connections: 16, deadline: 2000 };

/** Bytes a request's head may have; curl's has about 80. */
const LONGEST_HEAD = 4096;

/** What a program's name looks like: any process may answer at a path that was given. */
const PROGRAM_NAME = /^[a-z][a-z-]{0,63}$/;

/** Milliseconds until the next try where accepting failed. */
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
 * @param limits what callers may use up
 * @throws {ControlSocketInUse} if a living process serves it
 * @throws {OperationError} `io` if the path is unusable, `privilege` if it may not be written
 */
export async function serveControlSocket(
  path: string,
  program: string,
  status: () => unknown,
  limits: ControlLimits = DEFAULT_LIMITS,
): Promise<ControlSocket> {
  await claimSocketPath(path, program);
  const listener = listen(path);
  const file = Deno.lstatSync(path).ino;
  const door = new Door(listener, status, limits);
  const admitting = door.admit();
  return {
    path,
    async [Symbol.asyncDispose]() {
      // The file first: whoever finds it can still connect, and whoever does not is told that nothing runs.
      removeOwn(path, file);
      door.close();
      await admitting;
    },
  };
}

/** Admits connections and serves them, so many at a time. */
class Door {
  readonly #listener: Deno.UnixListener;
  readonly #status: () => unknown;
  readonly #limits: ControlLimits;
  readonly #open = new Set<Deno.UnixConn>();
  #closed = false;

  constructor(listener: Deno.UnixListener, status: () => unknown, limits: ControlLimits) {
    this.#listener = listener;
    this.#status = status;
    this.#limits = limits;
  }

  /** Resolves when the door is closed and the last answer is given or given up. */
  async admit(): Promise<void> {
    const answers = new Set<Promise<void>>();
    while (!this.#closed) {
      try {
        const connection = await this.#listener.accept();
        const answer = this.#serve(connection).finally(() => answers.delete(answer));
        answers.add(answer);
      } catch {
        // Out of descriptors, most likely: the tunnel matters more than its status, and the next try must not be at once.
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
    if (this.#open.size >= this.#limits.connections) return close(connection);
    this.#open.add(connection);
    await serve(connection, this.#status, this.#limits.deadline);
    this.#open.delete(connection);
  }
}

/**
 * Removes what a dead process left at the path of a control socket. Asked before anything is set up, it keeps a second run
 * of a program from taking over the addresses and routes of the first.
 *
 * @param program the program that wants the path, as in its status document
 * @throws {ControlSocketInUse} if a living process serves it
 * @throws {OperationError} `io` if something else is there, `privilege` if it may not be removed
 */
export async function claimSocketPath(path: string, program: string): Promise<void> {
  try {
    if (!(await Deno.lstat(path)).isSocket) {
      throw cannotOpen(
        path,
        "a file that is no socket is in its place",
        "Remove it or give --control another path",
      );
    }
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof Deno.errors.ConnectionRefused) return removeStale(path);
    throw error instanceof OperationError ? error : openFault(path, error);
  }
  throw await inUse(path, program);
}

/** A second run of a program would also find interface and port taken, so another path helps only against other programs. */
async function inUse(path: string, program: string): Promise<ControlSocketInUse> {
  const { askStatus } = await import("./control_client.ts");
  const document = await askStatus(path).catch(() => undefined);
  const owner = document?.program;
  if (typeof owner !== "string" || !PROGRAM_NAME.test(owner)) {
    return new ControlSocketInUse(path, "another program serves it", "Give --control another path");
  }
  const process = Number.isSafeInteger(document?.pid) ? `, process ${document?.pid}` : "";
  if (owner !== program) {
    return new ControlSocketInUse(path, `${owner} serves it${process}`, "Give --control another path");
  }
  return new ControlSocketInUse(path, `another ${program} is running${process}`, "Stop it first");
}

/**
 * Removes the socket file that a dead process left; false if there is none, or somebody listens on it.
 *
 * @throws {OperationError} `privilege` if it may not be removed
 */
export async function removeDeadSocket(path: string): Promise<boolean> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return false;
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch (error) {
    if (isAbsent(error)) return false;
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw openFault(path, error);
    removeStale(path);
    return true;
  }
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
    // Until here the umask decides, and only root can connect. `status` is to work without sudo, so all may: the
    // socket only answers, and what it answers holds no secret.
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
 * Whether there is nothing at the path of a failed operation, be it that its folder is none.
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

/** A file that another process has put there since is left alone. */
function removeOwn(path: string, file: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === file) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function serve(connection: Deno.UnixConn, status: () => unknown, patience: number): Promise<void> {
  const deadline = setTimeout(() => close(connection), patience);
  try {
    const answer = answerTo(await readHead(connection), status);
    await writeWhole(connection, new TextEncoder().encode(answer));
  } catch {
    // The caller has gone or was too slow. It is the caller's loss, and a log line each would be a way to fill the disk.
  } finally {
    clearTimeout(deadline);
    close(connection);
  }
}

/** The request's head up to the empty line, or less if it is too long or ends early. A body is not read. */
async function readHead(connection: Deno.UnixConn): Promise<string> {
  const buffer = new Uint8Array(LONGEST_HEAD);
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

function answerTo(head: string, status: () => unknown): string {
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r\n/.exec(head) ?? [];
  if (method === undefined || target === undefined || !head.includes("\r\n\r\n")) {
    return response("400 Bad Request", { error: "this is no HTTP/1.1 request" });
  }
  if (target !== STATUS_PATH) return response("404 Not Found", { error: `only ${STATUS_PATH} is here` });
  if (method !== "GET") {
    return response("405 Method Not Allowed", { error: "only GET is understood" }, "Allow: GET\r\n");
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

/** Closes a connection that the deadline, its own end and the end of the program may close at the same time. */
function close(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
