/**
 * The one error class of the programs' own faults. A `code` says what kind of fault it is; `cli/exit_status.ts`
 * maps it to the exit status. The message reads "Cannot <act> <object>: <state>", `remedy` says what to do.
 *
 * @module
 */

/** What kind of fault stopped an operation. */
export type FaultCode =
  /** a command line that cannot be understood */
  | "usage"
  /** a faulty configuration file or environment variable */
  | "config"
  /** the caller is not root */
  | "privilege"
  /** a TUN device, a socket or another kernel object refused */
  | "io"
  /** the peer, its host name or Docker cannot be reached */
  | "unavailable"
  /** `status` found nothing running */
  | "not-running"
  /** anything else */
  | "failure";

/** A fault of an operation, worded for the person who started the program. */
export class OperationError extends Error {
  /** The class's name, for logs. */
  override readonly name = "OperationError";

  /**
   * Words a fault.
   *
   * @param code what kind of fault it is
   * @param message "Cannot <act> <object>: <state>", without a full stop
   * @param remedy what the reader can do about it, one sentence without a full stop; empty where nothing helps
   */
  constructor(
    readonly code: FaultCode,
    message: string,
    readonly remedy: string = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The message and the remedy on one line. */
  get report(): string {
    return this.remedy === "" ? this.message : `${this.message}. ${this.remedy}`;
  }
}

/**
 * A fault of any kind as one that people can be told.
 *
 * @param error what was thrown
 * @param act "Cannot <act> <object>", for an error that does not say so itself
 * @param remedy what to do about such an error
 */
export function asOperationError(error: unknown, act: string, remedy = ""): OperationError {
  if (error instanceof OperationError) return error;
  const state = error instanceof Error ? error.message : String(error);
  return new OperationError("failure", `${act}: ${state}`, remedy, { cause: error });
}
