/**
 * Keeps edits of one file from overtaking each other, also those of other processes.
 *
 * The lock is flock(2) on the folder of the file: nothing is made that could be left behind or be a link that somebody planted, and
 * the kernel gives it back when a process is killed. Anybody who may read the folder can hold it, so the wait has an end.
 *
 * @module
 */
import { dirname } from "node:path";
import { OperationError } from "../../core/error.ts";
import { FileLock } from "../../ffi/file/file_lock.ts";
import { configTarget } from "./config_file.ts";

/** Milliseconds for which an edit waits for others. */
const TIMEOUT = 10_000;
/** Milliseconds between two tries. */
const PAUSE = 20;

/**
 * Does a work while no other process does one on the same file.
 *
 * @param path the file, which need not be there; links are followed
 * @param work reads the file and replaces it
 * @param timeout milliseconds to wait for others
 * @throws {OperationError} `config` where others do not come to an end; else what `work` throws
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>, timeout = TIMEOUT): Promise<T> {
  using folder = await openFolder(path);
  if (folder !== undefined && !await lock(folder, timeout)) {
    throw new OperationError(
      "config",
      `Cannot write config ${path}: another process has locked its folder for ${timeout / 1000} s`,
      `Try again; "fuser -v ${dirname(path)}" shows which process it is`,
    );
  }
  return await work();
}

/** The folder of the file; undefined where there is none or it may not be read, as the work will find out by itself. */
async function openFolder(path: string): Promise<FileLock | undefined> {
  const target = await configTarget(path).catch(() => undefined);
  return target === undefined ? undefined : FileLock.open(dirname(target));
}

/** Waits for the lock; a lock that is waited for inside the kernel could not be given up. */
async function lock(folder: FileLock, timeout: number): Promise<boolean> {
  const end = performance.now() + timeout;
  while (!folder.take()) {
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return true;
}
