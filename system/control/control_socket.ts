import { dirname, join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { isAbsent, isLack, wordsOf } from "../process/runtime_error.ts";
import { askStatus } from "./control_client.ts";
import { answerRequests, type ControlSocketOptions } from "./status_server.ts";

/** The fault that a running process serves the control socket. */
export class ControlSocketInUse extends OperationError {}

/** The form of a program's name: any process may answer at a path that was given. */
const PROGRAM_NAME = /^[a-z][a-z-]{0,63}$/;

/** The mode of a socket to which root alone may connect, which is the program's user. */
export const ROOT_ONLY = 0o600;

const ANOTHER_PATH = "Give --control another path";

/**
 * Opens a control socket, a file that one living process serves; `curl --unix-socket PATH http://localhost/v1/status` reads it
 * too. A socket file that a dead process left is replaced. Disposal closes it and removes its file.
 *
 * @param program the program that serves it, as in its status document
 * @param status makes the document of each answer; nothing secret may be in it, every local user can read it
 * @throws {ControlSocketInUse} if a living process serves it
 * @throws {OperationError} `io` if the path is unusable, `privilege` if it may not be written
 */
export async function serveControlSocket(
  path: string,
  program: string,
  status: () => unknown,
  options: ControlSocketOptions = {},
): Promise<AsyncDisposable> {
  // `status` must work without sudo, so every user may connect: the socket only answers, and the answer holds no secret.
  return await serveSocket(path, program, 0o666, (listener) => answerRequests(listener, status, options));
}

/**
 * Serves a unix socket as {@linkcode serveControlSocket} does.
 *
 * @param mode of its file: who may write to it may connect
 * @param serve answers connections, and closes the listener at its disposal
 */
export async function serveSocket(
  path: string,
  program: string,
  mode: number,
  serve: (listener: Deno.UnixListener) => AsyncDisposable,
): Promise<AsyncDisposable> {
  await claimSocketPath(path, program);
  const listener = listen(path, mode);
  const file = Deno.lstatSync(path).ino;
  const server = serve(listener);
  return {
    async [Symbol.asyncDispose]() {
      // The file first: a caller that finds it can still connect, and one that does not sees that nothing runs.
      removeOwn(path, file);
      await server[Symbol.asyncDispose]();
    },
  };
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
    const state = "the path holds a file that is not a socket";
    throw ioFault(path, state, "Remove it or give --control another path");
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
  const document = await askStatus(path).catch(() => undefined);
  const owner = document?.program;
  const process = Number.isSafeInteger(document?.pid) ? `, process ${document?.pid}` : "";
  const fault = (state: string, remedy: string) =>
    new ControlSocketInUse("io", `Cannot open control socket ${path}: ${state}`, remedy);
  if (owner === program) return fault(`another ${program} is running${process}`, "Stop it first");
  const isNamed = typeof owner === "string" && PROGRAM_NAME.test(owner);
  return fault(isNamed ? `${owner} serves it${process}` : "another program serves it", ANOTHER_PATH);
}

function removeStale(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw openFault(path, error);
  }
}

function listen(path: string, mode: number): Deno.UnixListener {
  try {
    if (mode === ROOT_ONLY) return listenPrivately(path);
    const listener = Deno.listen({ transport: "unix", path });
    // Until here the umask decides.
    Deno.chmodSync(path, mode);
    return listener;
  } catch (error) {
    throw openFault(path, error);
  }
}

/** Makes the socket in a folder that nobody else can enter, and moves it when it has its mode: no other user can ever connect. */
function listenPrivately(path: string): Deno.UnixListener {
  const folder = Deno.makeTempDirSync({ dir: dirname(path), prefix: "." });
  try {
    const made = join(folder, "s");
    const listener = Deno.listen({ transport: "unix", path: made });
    Deno.chmodSync(made, ROOT_ONLY);
    Deno.renameSync(made, path);
    return listener;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function openFault(path: string, error: unknown): OperationError {
  if (error instanceof Deno.errors.PermissionDenied) {
    const message = `Cannot open control socket ${path}: permission denied`;
    const remedy = "Run with sudo or give --control a path you may write to";
    return new OperationError("privilege", message, remedy, { cause: error });
  }
  return isAbsent(error)
    ? ioFault(path, "its folder does not exist", "Make the folder or give --control another path")
    : ioFault(path, wordsOf(error), ANOTHER_PATH, error);
}

function ioFault(path: string, state: string, remedy: string, cause?: unknown): OperationError {
  return new OperationError("io", `Cannot open control socket ${path}: ${state}`, remedy, { cause });
}

/**
 * Removes a socket file, unless another process has replaced it since. Where the file system cannot be written it stays: the
 * next run takes it for that of a dead process.
 */
function removeOwn(path: string, file: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === file) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || isLack(error))) throw error;
  }
}
