/**
 * The socket of the running client that takes a byte stream from `attach`, and what the two say there: `attach` sends one message,
 * the byte 1 with the descriptors of its standard input and output; the client answers with one message, the byte 1, when it uses
 * them. The end of the connection is the end of the use.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { isSocketPath, MAX_SOCKET_PATH_BYTES } from "../../ffi/unix/socket_path_linux.ts";

/** The form of the message from `attach`; a client refuses any other. */
export const HAND_OVER = new Uint8Array([1]);
/** The answer. */
export const ACCEPTED = new Uint8Array([1]);

const SUFFIX = ".attach";

/**
 * Where the socket is, beside the client's status socket.
 *
 * @param control path of the status socket
 * @param act "Cannot <act> <object>", for the error
 * @throws {OperationError} `config`, for a path that is too long
 */
export function attachSocketPath(control: string, act: string): string {
  const path = `${control}${SUFFIX}`;
  if (isSocketPath(path)) return path;
  const most = MAX_SOCKET_PATH_BYTES - SUFFIX.length;
  throw new OperationError(
    "config",
    `${act} ${path}: the path is too long`,
    `Give --control a path of at most ${most} bytes`,
  );
}
