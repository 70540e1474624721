import { OperationError } from "../../core/error.ts";
import { statusOf } from "../../ffi/file/file_status.ts";
import { errno, SystemError } from "../../ffi/libc/errno.ts";
import { closeDescriptor, connectTo, listenAt } from "../../ffi/unix/seqpacket_socket_linux.ts";

const ACT = "Cannot open attach socket";
const ANOTHER_PATH = "Give --control another path";

/** A socket that listens, with its file. */
export interface ListeningSocket {
  readonly descriptor: number;
  /** Removes the file, unless another program has replaced it since. The descriptor stays open. */
  readonly removeFile: () => void;
}

/**
 * Listens at a path. A socket file that a dead process left is replaced.
 *
 * @throws {OperationError} `io`, where something else is at the path or it is unusable; `privilege`, where it may not be written
 */
export function listenAtPath(path: string): ListeningSocket {
  try {
    const found = statusOf(path, "stay");
    if (found !== undefined) removeStale(path, found.kind);
    const descriptor = listenAt(path);
    const inode = statusOf(path, "stay")?.inode;
    return { descriptor, removeFile: () => removeOwn(path, inode) };
  } catch (error) {
    throw openFault(path, error);
  }
}

function removeStale(path: string, kind: string): void {
  if (kind !== "socket") {
    const remedy = "Remove it or give --control another path";
    throw new OperationError("io", `${ACT} ${path}: the path holds a file that is not a socket`, remedy);
  }
  if (isServed(path)) {
    throw new OperationError("io", `${ACT} ${path}: another program serves it`, ANOTHER_PATH);
  }
  Deno.removeSync(path);
}

function isServed(path: string): boolean {
  try {
    closeDescriptor(connectTo(path, 0));
    return true;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // Nobody listens: the process has ended. ENOENT: somebody else has removed the file meanwhile.
    if (error.errno === errno.ECONNREFUSED || error.errno === errno.ENOENT) return false;
    // EAGAIN: so many wait there already. EPROTOTYPE: a socket of another type.
    if (error.errno === errno.EAGAIN || error.errno === errno.EPROTOTYPE) return true;
    throw error;
  }
}

function removeOwn(path: string, inode: bigint | undefined): void {
  try {
    if (statusOf(path, "stay")?.inode === inode) Deno.removeSync(path);
  } catch {
    // Gone already, or in a folder that cannot be written any more: a next run replaces it.
  }
}

function openFault(path: string, error: unknown): unknown {
  const number = error instanceof SystemError ? error.errno : undefined;
  if (number === errno.EACCES || number === errno.EPERM || error instanceof Deno.errors.PermissionDenied) {
    const remedy = "Run with sudo or give --control a path you may write to";
    return new OperationError("privilege", `${ACT} ${path}: permission denied`, remedy, { cause: error });
  }
  if (number === errno.ENOENT || number === errno.ENOTDIR) {
    const remedy = "Make the folder or give --control another path";
    return new OperationError("io", `${ACT} ${path}: its folder does not exist`, remedy, { cause: error });
  }
  if (error instanceof OperationError || !(error instanceof Error)) return error;
  return new OperationError("io", `${ACT} ${path}: ${error.message}`, ANOTHER_PATH, { cause: error });
}
