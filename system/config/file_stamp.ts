/**
 * Tells two states of a file apart without reading it.
 *
 * @module
 */

/** What is known of a file's state at one moment. */
export interface FileStamp {
  /** Which file it is and when it changed; equal texts mean that nothing changed in between, if `settled`. */
  readonly state: string;
  /**
   * Whether the last change was long enough ago for the next one to give another state. Times of files have steps of
   * up to 10 ms (a tick of the Linux kernel at HZ=100), and Deno tells milliseconds.
   */
  readonly settled: boolean;
}

const SETTLED_AFTER_MS = 50;

/** The state of the file that the path leads to, links followed. That there is none, or no access, is a state too. */
export function stampFile(path: string): FileStamp {
  try {
    const { dev, ino, size, mtime, ctime } = Deno.statSync(path);
    const times = [mtime?.getTime() ?? 0, ctime?.getTime() ?? 0];
    return {
      state: [dev, ino, size, ...times].join(),
      settled: Date.now() - Math.max(...times) >= SETTLED_AFTER_MS,
    };
  } catch (error) {
    return { state: error instanceof Error ? error.name : "unknown", settled: true };
  }
}

/** Which folder a path leads to, links followed; undefined if there is none. */
export function identifyFolder(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
