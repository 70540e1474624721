/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";

interface Wait {
  readonly at: number;
  readonly callback: () => void;
}

/** Virtual time. Callbacks run in the order of their times; those of the same time in the order in which they were set. */
export class FakeClock implements Clock {
  time = 0;
  #wallOffset: number;
  readonly #waits = new Set<Wait>();

  /** @param wallClock milliseconds since 1970 at time 0 */
  constructor(wallClock = 0) {
    this.#wallOffset = wallClock;
  }

  now(): number {
    return this.time;
  }

  wallClock(): number {
    return this.time + this.#wallOffset;
  }

  /** Sets the wall clock as a person would: monotonic time does not notice. */
  setWallClock(time: number): void {
    this.#wallOffset = time - this.time;
  }

  after(milliseconds: number, callback: () => void): Disposable {
    const wait = { at: this.time + Math.max(0, milliseconds), callback };
    this.#waits.add(wait);
    return { [Symbol.dispose]: () => void this.#waits.delete(wait) };
  }

  /** When the next callback is due; undefined when none waits. */
  get nextDue(): number | undefined {
    const times = [...this.#waits].map(({ at }) => at);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Moves on, and lets what came of each callback run to its end. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (let due = this.nextDue; due !== undefined && due <= end; due = this.nextDue) {
      this.time = Math.max(this.time, due);
      const next = [...this.#waits].find(({ at }) => at === due);
      if (next === undefined) break;
      this.#waits.delete(next);
      next.callback();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
    this.time = Math.max(this.time, end);
  }
}
