/** What kind of error stopped an operation; `cli/exit_status.ts` has the exit status of each. The codes of faults are others (core/faults/). */
export type ErrorCode =
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

/** What is wrong and what to do about it, in words for people. An {@linkcode OperationError} is one. */
export interface Problem {
  /** "Cannot <act> <object>: <state>", without a full stop. */
  readonly message: string;
  /** What the reader can do about it, one sentence without a full stop; empty where nothing helps. */
  readonly remedy: string;
}

/** Both on one line. */
export function reportOf({ message, remedy }: Problem): string {
  return remedy === "" ? message : `${message}. ${remedy}`;
}

/**
 * A fault of an operation, worded for the person who started the program. It is the one class of the programs' own errors:
 * `cli/exit_status.ts` maps its `code` to the exit status.
 */
export class OperationError extends Error {
  /** The class's name, for logs. */
  override readonly name = "OperationError";

  /**
   * Words a fault.
   *
   * @param message "Cannot <act> <object>: <state>", without a full stop
   * @param remedy what the reader can do about it, one sentence without a full stop; empty where nothing helps
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy: string = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The message and the remedy on one line. */
  get report(): string {
    return reportOf(this);
  }
}

/**
 * Words anything that was thrown for people. An error that does not say itself what could not be done gets the remedy and
 * `act`, "Cannot <act> <object>".
 */
export function asOperationError(error: unknown, act: string, remedy = ""): OperationError {
  if (error instanceof OperationError) return error;
  const state = error instanceof Error ? error.message : String(error);
  return new OperationError("failure", `${act}: ${state}`, remedy, { cause: error });
}
