import { OperationError } from "../../core/error.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";

/** An answer that breaks the rules of HTTP, is larger than allowed, or is not what was asked for. */
export class MalformedResponse extends Error {
  override readonly name: string = "MalformedResponse";
}

/** An answer that ends before it is complete, as when the Engine is stopped. */
export class UnexpectedEof extends MalformedResponse {
  constructor() {
    super("the answer breaks off");
  }
}

/** An answer that does not come in time. */
export class ResponseTimeout extends Error {
  override readonly name = "ResponseTimeout";
}

/** Converts an error of a request to the socket at the path. */
export function toDockerError(path: string, error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const [state, remedy] = stateOf(error);
  return new OperationError("unavailable", `Cannot use the Docker Engine at ${path}: ${state}`, remedy, {
    cause: error,
  });
}

/** Tells whether nothing listens on the socket, which is normal while Docker is stopped. */
export function isNotListening(error: unknown): boolean {
  return isAbsent(error) || error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.NotADirectory;
}

/** Tells whether Docker may just have been stopped. */
export function isConnectionLost(error: unknown): boolean {
  const { BrokenPipe, ConnectionReset } = Deno.errors;
  return isNotListening(error) || error instanceof UnexpectedEof || error instanceof ConnectionReset ||
    error instanceof BrokenPipe;
}

function stateOf(error: unknown): [state: string, remedy: string] {
  if (isNotListening(error)) return ["nothing listens there", "Start Docker"];
  if (isConnectionLost(error)) return ["the answer breaks off", "Start Docker if it was stopped"];
  if (error instanceof Deno.errors.PermissionDenied) return ["permission denied", "Run with sudo"];
  if (error instanceof ResponseTimeout) {
    return ["it does not answer in time", "Restart Docker if this stays so"];
  }
  if (error instanceof MalformedResponse || error instanceof SyntaxError) {
    const words = error instanceof SyntaxError ? "the answer is not JSON" : error.message;
    return [words, "Restart Docker, or see that the socket is a Docker Engine's"];
  }
  // A path that is too long for a socket, and whatever else the system may say.
  return [wordsOf(error).split("\n", 1)[0] ?? "", "Restart Docker if this stays so"];
}
