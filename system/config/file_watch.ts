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

/** How a file is watched. The sum of the three times bounds how late a call comes. */
export interface WatchOptions {
  /** Milliseconds between two comparisons. Each wakes the machine. */
  readonly pollMs?: number;
  /** The same once a change was seen: a call waits until two of them in a row are alike, since one save is several steps. */
  readonly settleMs?: number;
  /** Milliseconds after which a call comes although the file goes on changing. */
  readonly maxDelayMs?: number;
  readonly clock?: Clock;
}

/**
 * Notices every change of one file until the result is disposed of: written, replaced by a rename, deleted, made again, its
 * folder replaced, or its symbolic link turned elsewhere. It compares the file's state a few times a second, which needs no
 * events of the system. A call comes about 400 ms after a change, and within a second.
 *
 * @param path the file, which need not exist
 */
export function watchFile(
  path: string,
  onChange: () => void,
  { pollMs = 500, settleMs = 150, maxDelayMs = 300, clock = SYSTEM_CLOCK }: WatchOptions = {},
): Disposable {
  let reported: FileStamp = { ...stampFile(path, clock), settled: true };
  let last = reported;
  let changedAt: number | undefined;
  let isClosed = false;
  const compare = () => {
    report();
    if (isClosed) return;
    wait = clock.after(changedAt === undefined && reported.settled ? pollMs : settleMs, compare);
  };
  const report = () => {
    const stamp = stampFile(path, clock);
    const isQuiet = stamp.state === last.state && stamp.settled;
    last = stamp;
    if (stamp.state === reported.state && (reported.settled || !stamp.settled)) {
      changedAt = undefined;
      return;
    }
    changedAt ??= clock.now();
    if (!isQuiet && clock.now() - changedAt < maxDelayMs) return;
    changedAt = undefined;
    reported = stamp;
    onChange();
  };
  let wait = clock.after(pollMs, compare);
  return {
    [Symbol.dispose]() {
      isClosed = true;
      wait[Symbol.dispose]();
    },
  };
}
