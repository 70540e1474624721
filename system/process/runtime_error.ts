import { SystemError } from "../../ffi/libc/errno.ts";

/** The code that the system's error has, such as "ENOTDIR"; undefined for what is none. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/**
 * What a system lacks for a time, whatever a program asks for: descriptors, memory, space, a file system that can be written, a
 * disk that answers (errno(3)).
 */
const LACKS: readonly unknown[] = [
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EIO",
];

/** Whether the system lacks something for a time, so that the same call succeeds later. */
export function isLack(error: unknown): boolean {
  return LACKS.includes(error instanceof SystemError ? error.errorName : codeOf(error));
}

/** Whether nothing is at a path, or what the path calls a folder is none. */
export function isAbsent(error: unknown): boolean {
  // Deno 2.4 throws a plain Error for ENOTDIR, later ones have a class for it; both set the code.
  return error instanceof Deno.errors.NotFound || codeOf(error) === "ENOTDIR";
}

/** What an error says; whatever else was thrown as text. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Closes a connection, which its time limit or the end of the program may have done already. */
export function closeConnection(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
