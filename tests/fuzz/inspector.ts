/**
 * V8's own view of this process, by its inspector: which code has run, and how much memory is in use.
 *
 * @module
 */
import inspector from "node:inspector";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface CoverageRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly CoverageRange[] }[];
}

/** A connection to the inspector of this thread. */
export class Inspector implements Disposable {
  readonly #session = new inspector.Session();
  /** By module: for each character of its code, whether it has run. */
  readonly #reached = new Map<string, Uint8Array>();

  constructor() {
    this.#session.connect();
  }

  #post<T>(method: string, parameters: object = {}): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#session.post(method, parameters, (error: Error | null, result: unknown) => {
      if (error) reject(error);
      else resolve(result as T);
    });
    return promise;
  }

  /** Bytes of objects that are in use, and of the memory behind typed arrays. */
  async usedHeap(): Promise<number> {
    await this.#post("HeapProfiler.collectGarbage");
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  }

  /** Begins to note which code runs. */
  async startCoverage(): Promise<void> {
    await this.#post("Profiler.enable");
    await this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    await this.#post("Profiler.takePreciseCoverage");
  }

  /**
   * How many characters of the modules' code have run since the last call that never had before.
   *
   * @param modules paths from the repository; a folder stands for what is below it
   */
  async newlyReached(modules: readonly string[]): Promise<number> {
    const { result } = await this.#post<{ result: readonly ScriptCoverage[] }>(
      "Profiler.takePreciseCoverage",
    );
    let count = 0;
    for (const { url, functions } of result) {
      const path = url.startsWith("file:") ? fileURLToPath(url).replace(ROOT, "") : "";
      if (!modules.some((module) => path.startsWith(module))) continue;
      for (const { ranges } of functions) count += this.#note(path, ranges);
    }
    return count;
  }

  /** Notes the ranges of one function: one that lies in another comes after it. */
  #note(path: string, ranges: readonly CoverageRange[]): number {
    const { startOffset = 0, endOffset = 0 } = ranges[0] ?? {};
    const ran = new Uint8Array(endOffset - startOffset);
    for (const range of ranges) {
      ran.fill(range.count > 0 ? 1 : 0, range.startOffset - startOffset, range.endOffset - startOffset);
    }
    let reached = this.#reached.get(path) ?? new Uint8Array();
    if (reached.length < endOffset) {
      const longer = new Uint8Array(endOffset);
      longer.set(reached);
      this.#reached.set(path, reached = longer);
    }
    let count = 0;
    for (let index = 0; index < ran.length; index++) {
      if (ran[index] === 0 || reached[startOffset + index] === 1) continue;
      reached[startOffset + index] = 1;
      count++;
    }
    return count;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}
