/**
 * A command in a container with the stream of its input and output, as the Docker Engine API has it ("Exec").
 *
 * Towards the container the stream is bytes as they are. From it come frames of a header and a payload: octet 0 is 1 for the
 * command's standard output and 2 for its standard error, octets 1 to 3 are zero, octets 4 to 7 are the payload's length,
 * big-endian ("Attach to a container", Stream format). The end of the connection is the end of the command's input.
 *
 * @module
 */
import * as v from "valibot";
import type { Clock } from "../../core/async/clock.ts";
import { parse, parseJson } from "../../core/docker/engine_json.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { StreamSocket } from "../../ffi/stream/stream_socket.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { MalformedResponse, ResponseTimeout, toDockerError, UnexpectedEof } from "./docker_error.ts";
import { type EngineClient, parseReply } from "./engine_client.ts";
import { DockerApiError, WITH_ID } from "./engine_containers.ts";
import { BufferedReader, readBody, readHead, type ResponseHead } from "./http_response.ts";

/** An open stream. Nothing of it is read before its owner reads. */
export interface ExecStream {
  /** The connected, non-blocking socket. */
  readonly descriptor: number;
  /** The Engine's id of the command's run. */
  readonly execId: string;
  /** Ends the stream and gives the descriptor back, which no thread may use any more. Again: nothing. */
  close(): void;
}

/** What the Engine says of a command's run. */
export interface ExecState {
  readonly isRunning: boolean;
  /**
   * The exit status of a run that has ended, if the Engine tells it. 126 and 127 are the shell's for a command that cannot be
   * run and one that is not there (POSIX, Shell Command Language, Exit Status), which the container runtime gives too.
   */
  readonly exitCode: number | undefined;
}

/** Bytes of the head of an answer, and of the body of an error. The Engine's own heads have some 150. */
const MAX_HEAD = 16 << 10;
const MAX_ERROR = 64 << 10;
/** Characters of an error's message that are shown. */
const MAX_MESSAGE = 200;

const ERROR = v.object({ message: v.string() });
const STATE = v.pipe(
  v.object({ Running: v.boolean(), ExitCode: v.fallback(v.nullable(v.pipe(v.number(), v.integer())), null) }),
  v.transform(({ Running, ExitCode }): ExecState => ({
    isRunning: Running,
    // Podman gives 0 while it runs.
    exitCode: Running ? undefined : ExitCode ?? undefined,
  })),
);

/**
 * Runs a command in a running container and opens the stream of its input and output, standard error with it.
 *
 * A command that is not there may be told by an error or by a stream that ends at once, as the Engine likes.
 *
 * @param command the program and its arguments
 * @param signal gives up at once
 * @throws {DockerApiError} when the Engine refuses
 * @throws {OperationError} "unavailable" when it does not answer as an Engine does, or not in time
 * @throws the signal's reason when that was given up
 */
export async function openExecStream(
  engine: EngineClient,
  containerId: string,
  command: readonly string[],
  signal?: AbortSignal,
  clock: Clock = SYSTEM_CLOCK,
): Promise<ExecStream> {
  using link = linkSignals(signal, engine.limits.signal);
  const stop = link.signal;
  const act = `run ${command[0]} in the container`;
  stop.throwIfAborted();
  const execId = await untilAborted(createExec(engine, containerId, command, act), stop);
  const socket = await startExec(engine, execId, act, stop, clock);
  return { descriptor: socket.descriptor, execId, close: () => socket.close() };
}

/**
 * Asks how a command's run is.
 *
 * @returns undefined when the Engine does not know it any more, as after a restart
 * @throws {DockerApiError} when the Engine refuses
 * @throws {OperationError} "unavailable" when it does not answer as an Engine does
 */
export async function inspectExec(engine: EngineClient, execId: string): Promise<ExecState | undefined> {
  const reply = await engine.send("GET", `/exec/${encodeURIComponent(execId)}/json`);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw new DockerApiError("inspect a command in the container", reply);
  const state = parse(STATE, parseReply(engine, reply));
  if (state !== undefined) return state;
  throw toDockerError(engine.path, new MalformedResponse("the answer is no command's state"));
}

/** `POST /containers/ID/exec`: nothing runs yet. */
async function createExec(
  engine: EngineClient,
  containerId: string,
  command: readonly string[],
  act: string,
): Promise<string> {
  const request = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false, Cmd: command };
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const body = { type: "application/json", length: bytes.length, chunks: [bytes] };
  const reply = await engine.send("POST", `/containers/${encodeURIComponent(containerId)}/exec`, { body });
  if (reply.status !== 201) throw new DockerApiError(act, reply);
  const created = parse(WITH_ID, parseReply(engine, reply));
  if (created !== undefined) return created.Id;
  throw toDockerError(engine.path, new MalformedResponse("the answer names no command"));
}

/** `POST /exec/ID/start`: the connection becomes the stream behind the head of the answer. */
async function startExec(
  engine: EngineClient,
  execId: string,
  act: string,
  stop: AbortSignal,
  clock: Clock,
): Promise<StreamSocket> {
  const { path, limits } = engine;
  let socket: StreamSocket | undefined;
  let isLate = false;
  const close = () => socket?.close();
  using _timer = clock.after(limits.timeoutMs, () => {
    isLate = true;
    close();
  });
  stop.addEventListener("abort", close);
  try {
    stop.throwIfAborted();
    socket = StreamSocket.connect(path);
    await socket.write(startRequest(engine, execId));
    const answer = new AnswerReader(socket);
    const head = await answer.head();
    if (!isStream(head)) throw await answer.refusal(act, head);
    stop.throwIfAborted();
    return socket;
  } catch (error) {
    close();
    stop.throwIfAborted();
    throw toDockerError(path, isLate ? new ResponseTimeout() : asConnectionError(error));
  } finally {
    stop.removeEventListener("abort", close);
  }
}

function startRequest({ api }: EngineClient, execId: string): Uint8Array<ArrayBuffer> {
  const body = JSON.stringify({ Detach: false, Tty: false });
  const lines = [
    `POST /v${api}/exec/${encodeURIComponent(execId)}/start HTTP/1.1`,
    // The Engine accepts any host name; its own client sends "docker".
    "Host: docker",
    "User-Agent: docker-connector",
    "Connection: Upgrade",
    "Upgrade: tcp",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** Reads the head of the answer, and the body where it tells of an error. */
class AnswerReader {
  /** Bytes that may still come. */
  #left = MAX_HEAD;
  readonly #room = new Uint8Array(MAX_HEAD);
  readonly #source: BufferedReader;

  constructor(socket: StreamSocket) {
    // Up to the end of each line, so that nothing behind the head is taken: it ends with one.
    this.#source = new BufferedReader(async (buffer) => {
      if (this.#left === 0) throw new MalformedResponse("the answer does not end");
      const room = this.#room.subarray(0, Math.min(this.#left, buffer.length));
      const length = await socket.peek(room);
      const end = room.subarray(0, length).indexOf(0x0a);
      const taken = await socket.read(room.subarray(0, end < 0 ? length : end + 1));
      this.#left -= taken;
      buffer.set(room.subarray(0, taken));
      return taken;
    });
  }

  async head(): Promise<ResponseHead> {
    return await readHead(this.#source);
  }

  /** The error in the body. */
  async refusal(act: string, head: ResponseHead): Promise<Error> {
    if (head.status < 400) return new MalformedResponse("the answer is no stream");
    this.#left = MAX_ERROR;
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of readBody(this.#source, head)) text += decoder.decode(bytes, { stream: true });
    const message = parseJson(ERROR, text)?.message.slice(0, MAX_MESSAGE) ?? "";
    return new DockerApiError(act, { status: head.status, text, message });
  }
}

/** Whether the stream follows: Engines before 1.9, and those that do not upgrade, answer 200 without a length. */
function isStream({ status, headers }: ResponseHead): boolean {
  return status === 101 ||
    status === 200 && !headers.has("content-length") && !headers.has("transfer-encoding");
}

/** The error that Deno's own connection would have thrown. */
function asConnectionError(error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  const { ConnectionRefused, PermissionDenied } = Deno.errors;
  const { errorName, message } = error;
  if (["ENOENT", "ENOTDIR", "ECONNREFUSED"].includes(errorName)) return new ConnectionRefused(message);
  if (["EACCES", "EPERM"].includes(errorName)) return new PermissionDenied(message);
  return ["EPIPE", "ECONNRESET"].includes(errorName) ? new UnexpectedEof() : error;
}

/** A signal that follows others until its disposal. AbortSignal.any leaves a little behind at each of them, at every call. */
function linkSignals(
  ...sources: readonly (AbortSignal | undefined)[]
): Disposable & { readonly signal: AbortSignal } {
  const links = new DisposableStack();
  const controller = new AbortController();
  for (const source of sources) {
    if (source === undefined) continue;
    const abort = () => controller.abort(source.reason);
    source.addEventListener("abort", abort);
    links.defer(() => source.removeEventListener("abort", abort));
    if (source.aborted) abort();
  }
  return { signal: controller.signal, [Symbol.dispose]: () => links.dispose() };
}

/** Awaits the work, but rejects at once with the signal's reason; the work goes on by itself then. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    return await Promise.race([stopped.promise, work]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
