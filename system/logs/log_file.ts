import { type Clock, sleep } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { wordsOf } from "../process/runtime_error.ts";

/** Bytes that are read at once, and from the end of a file in which its last lines are looked for. */
const CHUNK = 65_536;
const MAX_TAIL = 16 << 20;
/** Milliseconds between two looks for more. */
const INTERVAL = 300;

/** How much of a log is read. */
export interface LogReading {
  /** Lines from its end. */
  readonly lines: number;
  /** Whether to go on with what is added. */
  readonly follow: boolean;
  /** Ends the following. */
  readonly stop: AbortSignal;
}

/**
 * Reads a log file from its last lines on. A file that was emptied is read from its beginning, and one that was replaced too, as
 * tail -F does.
 *
 * @throws {OperationError} `io` or `privilege`
 */
export async function* readLogFile(
  path: string,
  { lines, follow, stop }: LogReading,
  clock: Clock,
): AsyncGenerator<Uint8Array, void> {
  let { file, inode, size } = await open(path);
  try {
    let at = await startOfLast(file, size, lines);
    for (;;) {
      const buffer = new Uint8Array(CHUNK);
      await file.seek(at, Deno.SeekMode.Start);
      for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
        yield buffer.slice(0, count);
        at += count;
      }
      if (!follow || stop.aborted) return;
      await sleep(INTERVAL, clock);
      if (stop.aborted) return;
      const now = await Deno.lstat(path).catch(() => undefined);
      if (now !== undefined && now.ino !== inode) {
        const next = await open(path).catch(() => undefined);
        if (next === undefined) continue;
        file.close();
        ({ file, inode, size } = next);
        at = 0;
      } else if ((await file.stat()).size < at) at = 0;
    }
  } finally {
    file.close();
  }
}

/** Opens a regular file. The folder may be a user's, so a link there is not followed: it could lead to any file of root's. */
async function open(path: string): Promise<{ file: Deno.FsFile; inode: number | null; size: number }> {
  const found = await Deno.lstat(path).catch((error) => {
    throw fault(path, error);
  });
  if (!found.isFile) throw fault(path, new Error("it is no regular file"));
  const file = await Deno.open(path).catch((error) => {
    throw fault(path, error);
  });
  const opened = await file.stat();
  // It may have been replaced between the two.
  if (opened.isFile && opened.ino === found.ino && opened.dev === found.dev) {
    return { file, inode: opened.ino, size: opened.size };
  }
  file.close();
  throw fault(path, new Error("it was replaced just now"));
}

function fault(path: string, cause: unknown): OperationError {
  const isDenied = cause instanceof Deno.errors.PermissionDenied;
  return new OperationError(
    isDenied ? "privilege" : "io",
    `Cannot read log ${path}: ${isDenied ? "permission denied" : wordsOf(cause)}`,
    isDenied ? "Run with sudo" : "Look at it by hand",
    { cause },
  );
}

/** Where the last lines of a file begin. */
async function startOfLast(file: Deno.FsFile, size: number, lines: number): Promise<number> {
  if (lines === 0) return size;
  const buffer = new Uint8Array(CHUNK);
  let left = lines;
  for (let end = size; end > Math.max(0, size - MAX_TAIL);) {
    const start = Math.max(0, end - CHUNK);
    await file.seek(start, Deno.SeekMode.Start);
    const count = await file.read(buffer.subarray(0, end - start)) ?? 0;
    for (let index = count - 1; index >= 0; index--) {
      // The newline that ends the last line begins none.
      if (buffer[index] === 10 && start + index + 1 < size && --left === 0) return start + index + 1;
    }
    end = start;
  }
  return Math.max(0, size - MAX_TAIL);
}
