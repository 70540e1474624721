/**
 * The exit statuses of the three programs.
 *
 * @module
 */

import { type FaultCode, OperationError } from "../core/error.ts";

/** Exit status when the work is done or the program was asked to stop. */
export const EXIT_OK = 0;

/** Exit status of every kind of fault; 64 to 78 are those of BSD's sysexits.h. */
export const exitStatus: Readonly<Record<FaultCode, number>> = {
  /** EX_USAGE */
  "usage": 64,
  /** EX_UNAVAILABLE */
  "unavailable": 69,
  /** EX_IOERR */
  "io": 74,
  /** EX_NOPERM */
  "privilege": 77,
  /** EX_CONFIG */
  "config": 78,
  /** "program is not running" of the status action of LSB init scripts */
  "not-running": 3,
  "failure": 1,
};

/**
 * The exit status that tells about a thrown value.
 *
 * @param error whatever was thrown
 */
export function exitStatusOf(error: unknown): number {
  return exitStatus[error instanceof OperationError ? error.code : "failure"];
}
