/**
 * Time that the machine has slept: the clock of performance.now() stands still meanwhile, another one goes
 * on.
 *
 * | | stands while the machine sleeps | goes on |
 * |---|---|---|
 * | Linux (linux/time.h) | CLOCK_MONOTONIC 1 | CLOCK_BOOTTIME 7 |
 * | macOS (time.h) | CLOCK_UPTIME_RAW 8 | CLOCK_MONOTONIC_RAW 4 |
 *
 * @module
 */
import { platform } from "../platform.ts";
import { openLibc, pick, POSIX } from "./libc.ts";

/** `struct timespec` of 64-bit systems: seconds i64 @0, nanoseconds i64 @8. */
const TIMESPEC = 16;
const [STANDING, GOING_ON] = platform.os === "darwin" ? [8, 4] : [1, 7];
/** Shorter differences are the time between two readings. */
const MIN_SLEEP = 1000;

/** Where a clock reads, and what closes that. */
export interface SleepSource {
  read(): number;
  close(): void;
}

/** Tells of sleep since it was last asked. */
export class SleepClock implements Disposable {
  readonly #read: () => number;
  readonly #close: () => void;
  #slept: number;

  /** @param source milliseconds that the machine has slept since it was started; the system's unless a test gives another */
  constructor(source: SleepSource = systemSleep()) {
    this.#read = source.read;
    this.#close = source.close;
    this.#slept = source.read();
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  /** Milliseconds that the machine has slept since the last call; 0 for less than a second. */
  take(): number {
    const slept = this.#read() - this.#slept;
    if (slept < MIN_SLEEP) return 0;
    this.#slept += slept;
    return slept;
  }
}

function systemSleep(): SleepSource {
  const library = openLibc(pick(POSIX, "clock_gettime"));
  const { symbols } = library;
  const room = new DataView(new ArrayBuffer(TIMESPEC));
  const octets = new Uint8Array(room.buffer);
  const milliseconds = (clock: number) => {
    if (symbols.clock_gettime === null || symbols.clock_gettime(clock, octets) !== 0) return undefined;
    return Number(room.getBigInt64(0, true)) * 1000 + Number(room.getBigInt64(8, true)) / 1e6;
  };
  const read = () => {
    const [standing, goingOn] = [milliseconds(STANDING), milliseconds(GOING_ON)];
    // A system without either clock does not tell.
    return standing === undefined || goingOn === undefined ? 0 : goingOn - standing;
  };
  return { read, close: () => library.close() };
}
