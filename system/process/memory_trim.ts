/**
 * Releases the memory that only the start of a program needed, so that one that runs for weeks holds what it uses.
 *
 * @module
 */
import { platform } from "../../ffi/platform.ts";
import { SYSTEM_CLOCK } from "./system_clock.ts";

/** Milliseconds after the start: the tunnel is up and the packet path is compiled. */
const FIRST_MS = 20_000;
/** Milliseconds between later trims. Each costs about a millisecond, and needed pages come back from the page cache. */
const INTERVAL_MS = 10 * 60_000;

/** Releases the program's idle pages from time to time, until it is disposed of. Linux only. */
export class MemoryTrim implements Disposable {
  #timer: Disposable | undefined;

  constructor() {
    if (platform.os === "linux") this.#schedule(FIRST_MS);
  }

  #schedule(milliseconds: number): void {
    this.#timer = SYSTEM_CLOCK.after(milliseconds, async () => {
      const { trimResidentMemory } = await import("../../ffi/libc/memory_trim_linux.ts");
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
