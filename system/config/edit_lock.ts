/**
 * Keeps edits of one file from overtaking each other, also those of other processes.
 *
 * The lock is flock(2) on the folder of the file. It creates nothing that could be left behind or be a planted link, and the
 * kernel releases it when a process is killed. Every user who may read the folder can hold it, so the wait has an end.
 *
 * @module
 */
import { dirname } from "node:path";
import { sleep } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { FileLock } from "../../ffi/file/file_lock.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { configTarget } from "./config_file.ts";

/** Milliseconds that an edit waits for others. */
const TIMEOUT_MS = 10_000;
/** Milliseconds between two tries. */
const PAUSE_MS = 20;

/**
 * Does a work while no other process does one on the same file.
 *
 * @param path the file, which need not be there; links are followed
 * @param work reads the file and replaces it
 * @param timeout milliseconds to wait for others
 * @throws {OperationError} `config` where others do not come to an end; else what `work` throws
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>, timeout = TIMEOUT_MS): Promise<T> {
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

/** Waits for the lock by tries, since a wait inside the kernel could not be given up. */
async function lock(folder: FileLock, timeout: number): Promise<boolean> {
  const end = SYSTEM_CLOCK.now() + timeout;
  while (!folder.take()) {
    if (SYSTEM_CLOCK.now() >= end) return false;
    await sleep(PAUSE_MS, SYSTEM_CLOCK);
  }
  return true;
}
