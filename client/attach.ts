import { EXIT_OK } from "../cli/exit_status.ts";
import { sleep } from "../core/async/clock.ts";
import { type ErrorCode, OperationError } from "../core/error.ts";
import { errno, SystemError } from "../ffi/libc/errno.ts";
import { isByteStream } from "../ffi/unix/byte_stream_linux.ts";
import { sendDescriptors } from "../ffi/unix/descriptor_passing_linux.ts";
import { connectTo, receiveByte, setTimeouts } from "../ffi/unix/seqpacket_socket_linux.ts";
import { SYSTEM_CLOCK } from "../system/process/system_clock.ts";
import { ACCEPTED, attachSocketPath, HAND_OVER } from "./tunnel/attach_socket.ts";

/** Milliseconds that the client may take for its answer. */
const ANSWER_MS = 10_000;
/** Milliseconds that the client may take to start: its container and this command are often started together. */
const START_MS = 2_000;
const PAUSE_MS = 20;

const ACT = "Cannot attach to the client at";
const AS_ITS_USER = "Try again as the user that docker-connector-client runs as";
const FOR_THE_SERVER = "docker-connector starts this command itself; to carry a tunnel, use run";

/**
 * The work of `docker-connector-client attach`: hands standard input and output to the running client and waits until it lets go.
 * Neither is read or written here. The wait blocks the thread, since nothing else is to happen; a signal ends the process.
 *
 * @param control path of the client's status socket
 * @returns the exit status
 * @throws {OperationError} `usage`, when one of the two is no pipe and no stream socket; `unavailable`, when no client runs there
 * or it does not take them; `privilege`, when it is another user's
 */
export async function attach(control: string): Promise<number> {
  requireStream("standard input", 0, Deno.stdin.isTerminal());
  requireStream("standard output", 1, Deno.stdout.isTerminal());
  const path = attachSocketPath(control, ACT);
  const connection = await handOver(path);
  if (receiveByte(connection) !== ACCEPTED[0]) throw refusal(path);
  setTimeouts(connection, 0);
  await releaseMemory();
  // The client says no more: this is the end of the connection.
  receiveByte(connection);
  return EXIT_OK;
}

/** Gives back what the start has touched: this process may be there for weeks, and does nothing more. */
async function releaseMemory(): Promise<void> {
  const { trimResidentMemory } = await import("../ffi/libc/proc_linux.ts");
  trimResidentMemory();
}

function requireStream(name: string, descriptor: 0 | 1, isTerminal: boolean): void {
  if (!isTerminal && isByteStream(descriptor, descriptor === 0 ? "read" : "write")) return;
  const state = isTerminal ? "it is a terminal" : "it is neither a pipe nor a stream socket";
  throw new OperationError("usage", `Cannot hand over ${name}: ${state}`, FOR_THE_SERVER);
}

async function handOver(path: string): Promise<number> {
  for (const start = SYSTEM_CLOCK.now();;) {
    try {
      const connection = connectTo(path, ANSWER_MS);
      sendDescriptors(connection, HAND_OVER, [0, 1]);
      return connection;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const mayStart = error.errno === errno.ENOENT || error.errno === errno.ECONNREFUSED;
      if (!mayStart || SYSTEM_CLOCK.now() - start >= START_MS) throw connectFault(path, error);
    }
    await sleep(PAUSE_MS, SYSTEM_CLOCK);
  }
}

function connectFault(path: string, cause: SystemError): OperationError {
  const fault = (code: ErrorCode, state: string, remedy: string) =>
    new OperationError(code, `${ACT} ${path}: ${state}`, remedy, { cause });
  switch (cause.errno) {
    case errno.ENOENT:
    case errno.ENOTDIR:
    case errno.ECONNREFUSED: {
      const remedy = "Start docker-connector-client, or give --control the path that it was started with";
      return fault("unavailable", "nothing runs there", remedy);
    }
    case errno.EACCES:
      return fault("privilege", "permission denied", AS_ITS_USER);
    case errno.EPIPE:
    case errno.ECONNRESET:
      return refusal(path);
    case errno.EAGAIN:
      return fault("unavailable", "it does not answer", "Restart docker-connector-client");
    default:
      return fault("unavailable", cause.message, "Restart docker-connector-client");
  }
}

/** The client has closed the connection: it is of another user, or has too many such connections, or failed. */
function refusal(path: string): OperationError {
  return new OperationError("unavailable", `${ACT} ${path}: it did not take the stream`, AS_ITS_USER);
}
