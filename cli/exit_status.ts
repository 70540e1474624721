import { type ErrorCode, OperationError } from "../core/error.ts";

/** Exit status of success and of a program that was asked to stop. */
export const EXIT_OK = 0;

/** Exit status of each fault code; 64 to 78 are those of BSD's sysexits.h. */
export const EXIT_STATUS: Readonly<Record<ErrorCode, number>> = {
  "usage": 64, // EX_USAGE
  "unavailable": 69, // EX_UNAVAILABLE
  "io": 74, // EX_IOERR
  "privilege": 77, // EX_NOPERM
  "config": 78, // EX_CONFIG
  "not-running": 3, // "program is not running" of the status action of LSB init scripts
  "failure": 1,
};

/** Returns the exit status for a thrown value. */
export function exitStatusOf(error: unknown): number {
  return EXIT_STATUS[error instanceof OperationError ? error.code : "failure"];
}
