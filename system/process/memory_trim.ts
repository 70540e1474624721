import type { Clock } from "../../core/async/clock.ts";
import { platform } from "../../ffi/platform.ts";
import { SYSTEM_CLOCK } from "./system_clock.ts";

/** Milliseconds after the start: the tunnel is up and the packet path is compiled. */
const FIRST_MS = 20_000;
/** Milliseconds between later trims. Each costs about a millisecond, and needed pages come back from the page cache. */
const INTERVAL_MS = 10 * 60_000;

/**
 * Releases the pages that only the start of the program needed, from time to time until it is disposed of, so that one that runs
 * for weeks holds what it uses. Linux only.
 */
export class MemoryTrim implements Disposable {
  #timer: Disposable | undefined;

  constructor(private readonly clock: Clock = SYSTEM_CLOCK) {
    if (platform.os === "linux") this.#schedule(FIRST_MS);
  }

  #schedule(milliseconds: number): void {
    this.#timer = this.clock.after(milliseconds, async () => {
      const { trimResidentMemory } = await import("../../ffi/libc/proc_linux.ts");
      if (this.#timer === undefined) return;
      trimResidentMemory();
      this.#schedule(INTERVAL_MS);
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
