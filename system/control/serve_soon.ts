import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { isLack } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/** Short, since people ask for the status right after they have made room. */
const PAUSES = { firstMs: 500, maxMs: 2_000 } as const;

/**
 * Serves a socket now, or where the system lacks what its file takes, such as a file system that can be written, as soon as it
 * can: it is tried again every 2 s at the most. A program does not end for the want of such a file.
 *
 * @param serve opens the socket
 * @param onLack is told once why it cannot be opened yet
 * @returns disposal ends it, whether it is served or tried again
 * @throws {OperationError} what `serve` throws at first for another reason
 */
export async function serveSoon(
  serve: () => Promise<AsyncDisposable>,
  onLack: (fault: OperationError) => void,
  clock: Clock = SYSTEM_CLOCK,
): Promise<AsyncDisposable> {
  const backoff = new Backoff(PAUSES);
  let served: AsyncDisposable | undefined;
  let retry: Disposable | undefined;
  let attempt = Promise.resolve();
  let isEnded = false;
  const tryLater = () => {
    if (!isEnded) retry = clock.after(backoff.next(), () => void (attempt = tryAgain()));
  };
  const tryAgain = async () => {
    try {
      served = await serve();
    } catch {
      tryLater();
    }
  };
  try {
    served = await serve();
  } catch (error) {
    if (!(error instanceof OperationError && isLack(error.cause))) throw error;
    onLack(error);
    tryLater();
  }
  return {
    async [Symbol.asyncDispose]() {
      isEnded = true;
      retry?.[Symbol.dispose]();
      await attempt;
      await served?.[Symbol.asyncDispose]();
    },
  };
}
