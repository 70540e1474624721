/**
 * Pauses between attempts that double up to a limit.
 *
 * @module
 */

/** How the pauses of a {@linkcode Backoff} grow. Times are milliseconds. */
export interface BackoffOptions {
  /** The first pause. */
  readonly firstMs: number;
  /** The longest pause. */
  readonly maxMs: number;
  /** Part of each pause that chance takes away, so that many programs do not try at once; 0 by default. */
  readonly jitter?: number;
  /** A number from 0 to below 1, as Math.random gives; needed for jitter. */
  readonly random?: () => number;
}

/** The pause after a number of failures in a row, without jitter: the first one after 1, doubled for each further one. */
export function backoffPause(failures: number, { firstMs, maxMs }: BackoffOptions): number {
  return Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
}

/** Counts the failures in a row of one thing that is tried again. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  /** Begins without a failure. */
  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Notes a failure, and gives the pause until the next attempt, in milliseconds. */
  next(): number {
    const { jitter = 0, random = () => 0 } = this.#options;
    return backoffPause(++this.#failures, this.#options) * (1 - jitter * random());
  }

  /** Notes a success: the next pause is the first one again. */
  reset(): void {
    this.#failures = 0;
  }
}

/**
 * Pauses between attempts to reach a Docker Engine. While a program listens on a socket an Engine is likely to answer soon: the
 * socket of Docker Desktop is there long before its machine is up.
 */
const ENGINE_ABSENT: BackoffOptions = { firstMs: 1000, maxMs: 30_000 };
const ENGINE_LISTENS: BackoffOptions = { firstMs: 1000, maxMs: 4000 };

/**
 * The pause after a failed attempt to reach an Engine: 1 s, doubling to 30 s; to 4 s while a program listens on a socket.
 *
 * @param failures attempts that have failed since the Engine was last reached, this one included
 * @returns milliseconds
 */
export function retryPause(failures: number, isListening: boolean): number {
  return backoffPause(failures, isListening ? ENGINE_LISTENS : ENGINE_ABSENT);
}
