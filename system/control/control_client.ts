/**
 * Asks a running program for its status over its control socket.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";
import { isAbsent, STATUS_PATH } from "./control_socket.ts";

/** Milliseconds that an answer may take. */
const DEADLINE = 3000;

/** Bytes that an answer may have: a thousand routes with faults stay far below. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Reads the status document of a running program.
 *
 * @param path the control socket
 * @param program the program that has to answer, as in the document's `program`
 * @returns the document; only its `program` has been checked
 * @throws {OperationError} `not-running` if nothing listens there, `privilege` if it may not be asked, `failure` if
 * what listens there does not answer as the program would
 */
export async function readStatus(path: string, program: string): Promise<Record<string, unknown>> {
  let document: Record<string, unknown>;
  try {
    document = await askStatus(path);
  } catch (error) {
    throw readFault(path, program, error);
  }
  if (document.program === program) return document;
  throw new OperationError(
    "failure",
    `Cannot read the status at ${path}: another program than ${program} answers`,
    "Give --control the path that the program was started with",
  );
}

/**
 * Reads the status document of any program that serves a control socket.
 *
 * @param path the control socket
 * @returns the document, of which nothing has been checked
 * @throws {Error} if nothing answers there, or not with a document
 */
export async function askStatus(path: string): Promise<Record<string, unknown>> {
  const document: unknown = JSON.parse(bodyOf(await ask(path)));
  if (typeof document !== "object" || document === null) {
    throw new SyntaxError("the answer is not a document");
  }
  return { ...document };
}

async function ask(path: string): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  const deadline = setTimeout(() => connection.close(), DEADLINE);
  try {
    const request = `GET ${STATUS_PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    return await readToEnd(connection);
  } finally {
    clearTimeout(deadline);
  }
}

async function readToEnd(connection: Deno.UnixConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16_384);
  let text = "";
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) return text + decoder.decode();
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new RangeError("the answer does not end");
  }
}

function bodyOf(answer: string): string {
  const end = answer.indexOf("\r\n\r\n");
  if (!answer.startsWith("HTTP/1.1 200 ") || end < 0) throw new SyntaxError("the answer is not a status");
  return answer.slice(end + 4);
}

function readFault(path: string, program: string, error: unknown): OperationError {
  const absent = isAbsent(error) || error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset;
  if (absent) {
    return new OperationError(
      "not-running",
      `Cannot read the status of ${program}: nothing runs at ${path}`,
      "Start it, or give --control the path that it was started with",
      { cause: error },
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    const message = `Cannot read the status at ${path}: permission denied`;
    return new OperationError("privilege", message, "Run with sudo", { cause: error });
  }
  const state = error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted
    ? `no answer within ${DEADLINE / 1000} s`
    : `the answer is not one of ${program}`;
  return new OperationError(
    "failure",
    `Cannot read the status at ${path}: ${state}`,
    `Restart ${program}`,
    { cause: error },
  );
}
