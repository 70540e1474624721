import { dirname } from "node:path";
import { type Clock, sleep } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { FileLock } from "../../ffi/file/open_file.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { configTarget } from "./config_file.ts";

/** How long an edit waits for others, and the pause between two tries. */
const TIMEOUT_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Does a work while no other process does one on the same file, so that no edit overtakes another.
 *
 * The lock is flock(2) on the folder of the file. It creates nothing that could be left behind or be a planted link, and the
 * kernel releases it when a process is killed. Every user who may read the folder can hold it, so the wait has an end.
 *
 * @param path the file, which need not be there; links are followed
 * @param work reads the file and replaces it
 * @param timeout milliseconds to wait for others
 * @throws {OperationError} `config` where others do not come to an end; else what `work` throws
 */
export async function whileLocked<T>(
  path: string,
  work: () => Promise<T>,
  timeout = TIMEOUT_MS,
  clock: Clock = SYSTEM_CLOCK,
): Promise<T> {
  const target = await configTarget(path).catch(() => undefined);
  // Where there is no folder, or it may not be read, the work will find that out by itself.
  using folder = target === undefined ? undefined : FileLock.open(dirname(target));
  if (folder !== undefined && !await lock(folder, timeout, clock)) {
    const state = `another process has locked its folder for ${timeout / 1000} s`;
    const remedy = `Try again; "fuser -v ${dirname(path)}" shows which process it is`;
    throw new OperationError("config", `Cannot write config ${path}: ${state}`, remedy);
  }
  return await work();
}

/** Waits for the lock by tries, since a wait inside the kernel could not be given up. */
async function lock(folder: FileLock, timeout: number, clock: Clock): Promise<boolean> {
  const end = clock.now() + timeout;
  while (!folder.take()) {
    if (clock.now() >= end) return false;
    await sleep(PAUSE_MS, clock);
  }
  return true;
}
