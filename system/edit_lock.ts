/**
 * Keeps edits of one file from overtaking each other, also those of other processes.
 *
 * The lock is flock(2) on the folder of the file: nothing is made that could be left behind or be a link that somebody planted, and
 * the kernel gives it back when a process is killed. Anybody who may read the folder can hold it, so the wait has an end.
 *
 * @module
 */
import { dirname } from "node:path";
import { OperationError } from "../core/error.ts";
import { configTarget } from "./config_file.ts";

/** Milliseconds for which an edit waits for others. */
const PATIENCE = 10_000;

/**
 * Does a work while no other process does one on the same file.
 *
 * @param path the file, which need not be there; links are followed
 * @param work reads the file and replaces it
 * @param patience milliseconds to wait for others
 * @throws {OperationError} `config` where others do not come to an end; else what `work` throws
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>, patience = PATIENCE): Promise<T> {
  using folder = await openFolder(path);
  if (folder !== undefined && !await lock(folder, patience)) {
    throw new OperationError(
      "config",
      `Cannot write config ${path}: another process has locked its folder for ${patience / 1000} s`,
      `Try again; "fuser -v ${dirname(path)}" shows which process it is`,
    );
  }
  return await work();
}

/** The folder of the file; undefined where there is none or it may not be read, as the work will find out by itself. */
async function openFolder(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(dirname(await configTarget(path)), { read: true });
  } catch {
    return undefined;
  }
}

async function lock(folder: Deno.FsFile, patience: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), patience);
  });
  // Some file systems have no locks; there an edit is as good as it was.
  const locked = folder.lock(true).then(() => true, () => true);
  try {
    return await Promise.race([locked, late]);
  } finally {
    clearTimeout(timer);
  }
}
