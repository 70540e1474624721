import type { Clock } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { closeConnection, isAbsent } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/** The document that every control socket has. */
export const STATUS_PATH = "/v1/status";

/** Milliseconds that an answer may take, and its characters: a thousand routes with faults stay far below. */
const DEADLINE = 3000;
const MAX_ANSWER_LENGTH = 4 * 1024 * 1024;

/**
 * Reads the status document of a running program over its control socket.
 *
 * @param program the program that has to answer, as in the document's `program`
 * @param target the path of another document of it
 * @returns the document; only its `program` has been checked
 * @throws {OperationError} `not-running` if nothing listens there, `privilege` if it may not be asked, `failure` if
 * what listens there does not answer as the program would
 */
export async function readStatus(
  path: string,
  program: string,
  clock: Clock = SYSTEM_CLOCK,
  target: string = STATUS_PATH,
): Promise<Record<string, unknown>> {
  const document = await askStatus(path, clock, target).catch((error) => {
    throw readFault(path, program, error);
  });
  if (document.program === program) return document;
  const message = `Cannot read the status at ${path}: another program than ${program} answers`;
  throw new OperationError("failure", message, "Give --control the path that the program was started with");
}

/**
 * Reads the status document of any program that serves a control socket.
 *
 * @returns the document, of which nothing has been checked
 * @throws {Error} if nothing answers there, or not with a document
 */
export async function askStatus(
  path: string,
  clock: Clock = SYSTEM_CLOCK,
  target: string = STATUS_PATH,
): Promise<Record<string, unknown>> {
  using connection = await Deno.connect({ transport: "unix", path });
  using _deadline = clock.after(DEADLINE, () => closeConnection(connection));
  const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  let answer = "";
  for await (const piece of connection.readable.pipeThrough(new TextDecoderStream())) {
    answer += piece;
    if (answer.length > MAX_ANSWER_LENGTH) throw new RangeError("the answer does not end");
  }
  const end = answer.indexOf("\r\n\r\n");
  if (!answer.startsWith("HTTP/1.1 200 ") || end < 0) throw new SyntaxError("the answer is not a status");
  const document: unknown = JSON.parse(answer.slice(end + 4));
  if (typeof document === "object" && document !== null) return { ...document };
  throw new SyntaxError("the answer is not a document");
}

function readFault(path: string, program: string, cause: unknown): OperationError {
  const { BadResource, ConnectionRefused, ConnectionReset, Interrupted, PermissionDenied } = Deno.errors;
  if (isAbsent(cause) || cause instanceof ConnectionRefused || cause instanceof ConnectionReset) {
    const message = `Cannot read the status of ${program}: nothing runs at ${path}`;
    const remedy = "Start it, or give --control the path that it was started with";
    return new OperationError("not-running", message, remedy, { cause });
  }
  const act = `Cannot read the status at ${path}`;
  if (cause instanceof PermissionDenied) {
    return new OperationError("privilege", `${act}: permission denied`, "Run with sudo", { cause });
  }
  const isLate = cause instanceof BadResource || cause instanceof Interrupted;
  const state = isLate ? `no answer within ${DEADLINE / 1000} s` : `the answer is not one of ${program}`;
  return new OperationError("failure", `${act}: ${state}`, `Restart ${program}`, { cause });
}
