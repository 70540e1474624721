/** How pauses between attempts double up to a limit. Times are milliseconds. */
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

// Without jitter: the first pause after one failure, doubled for each further one in a row.
function backoffPause(failures: number, { firstMs, maxMs }: BackoffOptions): number {
  return Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
}

/** Counts the failures in a row of one thing that is tried again. */
export class Backoff {
  #failures = 0;

  /** Begins without a failure. The pauses double from 1 s to 30 s unless it is told otherwise. */
  constructor(private readonly options: BackoffOptions = { firstMs: 1_000, maxMs: 30_000 }) {}

  /** Notes a failure, and gives the pause until the next attempt, in milliseconds. */
  next(): number {
    const { jitter = 0, random = () => 0 } = this.options;
    return backoffPause(++this.#failures, this.options) * (1 - jitter * random());
  }

  /** Notes a success: the next pause is the first one again. */
  reset(): void {
    this.#failures = 0;
  }
}

/**
 * The pause in milliseconds after a number of failures in a row, this one included: 1 s, doubling to 30 s. It doubles to 4 s
 * only while a program listens on a Docker Engine's socket. An Engine is likely to answer there soon, or to do what it has
 * refused: the socket of Docker Desktop is there long before its machine is up.
 */
export function retryPause(failures: number, isListening: boolean): number {
  return backoffPause(failures, { firstMs: 1000, maxMs: isListening ? 4000 : 30_000 });
}
