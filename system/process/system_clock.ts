import type { Clock } from "../../core/async/clock.ts";

/** The machine's clock. A timer keeps the program running until it is due or cancelled. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
