/**
 * Tells two states of a file apart without reading it.
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";

/** The state of a file at one moment. */
export interface FileStamp {
  /** Which file it is and when it changed. Equal texts mean that nothing changed in between, if `settled`. */
  readonly state: string;
  /**
   * Whether the last change is long enough ago for the next one to give another state. Times of files have steps of
   * up to 10 ms (a tick of the Linux kernel at HZ=100), and Deno gives milliseconds.
   */
  readonly settled: boolean;
}

const SETTLED_AFTER_MS = 50;

/** The state of the file at the path, links followed. That there is none, or no access, is a state too. */
export function stampFile(path: string, clock: Clock = SYSTEM_CLOCK): FileStamp {
  try {
    const { dev, ino, size, mtime, ctime } = Deno.statSync(path);
    const times = [mtime?.getTime() ?? 0, ctime?.getTime() ?? 0];
    return {
      state: [dev, ino, size, ...times].join(),
      settled: clock.wallClock() - Math.max(...times) >= SETTLED_AFTER_MS,
    };
  } catch (error) {
    return { state: error instanceof Error ? error.name : "unknown", settled: true };
  }
}
