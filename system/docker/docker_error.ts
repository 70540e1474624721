/**
 * Errors of an Engine in words for people.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { MalformedResponse, UnexpectedEof } from "./buffered_reader.ts";
import { ResponseTimeout } from "./http_exchange.ts";

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
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.NotADirectory;
}

/** Tells whether Docker may just have been stopped. */
export function isConnectionLost(error: unknown): boolean {
  return isNotListening(error) || error instanceof UnexpectedEof ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
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
  // A connection that was reset, a path that is too long for a socket, and whatever else the system may say.
  const words = error instanceof Error ? error.message : String(error);
  return [words.split("\n", 1)[0] ?? "", "Restart Docker if this stays so"];
}
