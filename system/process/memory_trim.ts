/**
 * Keeps the memory of a program that runs for weeks at what it uses: what only its start needed is given back.
 *
 * @module
 */
import { platform } from "../../ffi/platform.ts";

/** Milliseconds after the start: the tunnel is up, the packet path is compiled. */
const FIRST = 20_000;
/** Milliseconds between later times; each costs about a millisecond, and what is needed comes back from the page cache. */
const INTERVAL = 10 * 60_000;

/** Gives the program's idle pages back from time to time, until it is disposed of. Linux only. */
export class ProgramPages implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    if (platform.os === "linux") this.#schedule(FIRST);
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(async () => {
      const { trimResidentMemory } = await import("../../ffi/libc/memory_trim_linux.ts");
      if (this.#timer === undefined) return;
      trimResidentMemory();
      this.#schedule(INTERVAL);
    }, milliseconds);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
