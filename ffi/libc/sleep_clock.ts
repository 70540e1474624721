import { platform } from "../platform.ts";
import { openLibc, pick, POSIX } from "./libc.ts";

const [STANDING, GOING_ON] = platform.os === "darwin" ? [8, 4] : [1, 7];
/** Shorter differences are the time between two readings. */
const MIN_SLEEP = 1000;

/** Where a clock reads, and what closes that. */
interface SleepSource {
  read(): number;
  close(): void;
}

/**
 * Tells how long the machine has slept since it was last asked: the clock of performance.now() stands still meanwhile, another one
 * goes on.
 *
 * | | stands while the machine sleeps | goes on |
 * |---|---|---|
 * | Linux (linux/time.h) | CLOCK_MONOTONIC 1 | CLOCK_BOOTTIME 7 |
 * | macOS (time.h) | CLOCK_UPTIME_RAW 8 | CLOCK_MONOTONIC_RAW 4 |
 */
export class SleepClock implements Disposable {
  #slept: number;

  /** @param source milliseconds that the machine has slept since it was started; the system's unless a test gives another */
  constructor(private readonly source: SleepSource = systemSleep()) {
    this.#slept = source.read();
  }

  [Symbol.dispose](): void {
    this.source.close();
  }

  /** Milliseconds that the machine has slept since the last call; 0 for less than a second. */
  take(): number {
    const slept = this.source.read() - this.#slept;
    if (slept < MIN_SLEEP) return 0;
    this.#slept += slept;
    return slept;
  }
}

function systemSleep(): SleepSource {
  const library = openLibc(pick(POSIX, "clock_gettime"));
  const { clock_gettime } = library.symbols;
  /** `struct timespec` of 64-bit systems: seconds, nanoseconds. */
  const room = new BigInt64Array(2);
  const milliseconds = (clock: number) => {
    // A system without the clock does not tell.
    if (clock_gettime === null || clock_gettime(clock, room) !== 0) return NaN;
    return Number(room[0]) * 1000 + Number(room[1]) / 1e6;
  };
  const read = () => {
    const slept = milliseconds(GOING_ON) - milliseconds(STANDING);
    return Number.isNaN(slept) ? 0 : slept;
  };
  return { read, close: () => library.close() };
}
