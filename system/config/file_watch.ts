/**
 * Notices every change of one file: written, replaced by a rename, deleted, made again, its folder replaced, or its symbolic
 * link turned elsewhere. It compares the file's state a few times a second, which needs no events of the system.
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { type FileStamp, stampFile } from "./file_stamp.ts";

/** How a file is watched. The sum of both times and one poll bounds how late a call comes. */
export interface WatchOptions {
  /** Milliseconds between two comparisons; a call waits until two of them in a row are alike, since one save is several steps. */
  readonly pollMs?: number;
  /** Milliseconds after which a call comes although the file goes on changing. */
  readonly maxDelayMs?: number;
  readonly clock?: Clock;
}

/**
 * Watches a file until the result is disposed of. A call comes about 300 ms after a change, and within a second.
 *
 * @param path the file, which need not exist
 * @param onChange called after each change, without what it was
 */
export function watchFile(
  path: string,
  onChange: () => void,
  { pollMs = 200, maxDelayMs = 400, clock = SYSTEM_CLOCK }: WatchOptions = {},
): Disposable {
  /** The state that was last reported. */
  let known: FileStamp = { ...stampFile(path, clock), settled: true };
  let last = known;
  let changedAt: number | undefined;
  let wait: Disposable;
  const compare = () => {
    wait = clock.after(pollMs, compare);
    const stamp = stampFile(path, clock);
    const isQuiet = stamp.state === last.state && stamp.settled;
    last = stamp;
    if (stamp.state === known.state && (known.settled || !stamp.settled)) {
      changedAt = undefined;
      return;
    }
    changedAt ??= clock.now();
    if (!isQuiet && clock.now() - changedAt < maxDelayMs) return;
    changedAt = undefined;
    known = stamp;
    onChange();
  };
  wait = clock.after(pollMs, compare);
  return { [Symbol.dispose]: () => wait[Symbol.dispose]() };
}
