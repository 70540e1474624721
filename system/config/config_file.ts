/**
 * The config file on disk: where it is, reading it whole, replacing it whole.
 *
 * @module
 */

import { basename, dirname, isAbsolute, join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { setOwnership } from "../../ffi/file/owned_file.ts";

const FILE_NAME = "docker-connector.conf";

/** Where Homebrew is on Linux. `sudo` does not pass HOMEBREW_PREFIX on. */
const LINUX_HOMEBREW = "/home/linuxbrew/.linuxbrew";

/** The largest config file that is read, in bytes: a thousand times what one usually holds. */
export const MAX_CONFIG_BYTES = 1 << 20;

// A new file may come to hold tokens, so nobody but its owner reads it.
const NEW_FILE_MODE = 0o600;

/**
 * Where a config file is looked for, in this order.
 *
 * @param homebrewPrefix the value of the environment variable HOMEBREW_PREFIX
 */
export function defaultConfigPaths(homebrewPrefix: string | undefined): string[] {
  const prefixes = ["/opt/homebrew", "/usr/local", LINUX_HOMEBREW];
  if (homebrewPrefix !== undefined && isAbsolute(homebrewPrefix)) prefixes.unshift(homebrewPrefix);
  const paths = [...prefixes.map((prefix) => join(prefix, "etc", FILE_NAME)), join("/etc", FILE_NAME)];
  return [...new Set(paths)];
}

/**
 * The first of the given paths at which there is something, even if it cannot be read.
 *
 * @param paths usually {@link defaultConfigPaths}
 */
export async function findConfigFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await Deno.lstat(path);
      return path;
    } catch (error) {
      if (!isAbsent(error)) return path;
    }
  }
  return undefined;
}

// Deno 2.4 has no class for ENOTDIR, but both versions give its code.
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || codeOf(error) === "ENOTDIR";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/**
 * Reads the whole file. Bytes that are not UTF-8 become U+FFFD, for which the parser names the line and column.
 * A byte order mark stays in the text.
 *
 * @throws {OperationError} `config` if the file is not there, not a file, too large or not to be read
 */
export async function readConfigFile(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    // Before it is opened: opening a pipe waits for a writer, and a device could be read for ever.
    const { isDirectory, isFile } = await Deno.stat(path);
    if (isDirectory) throw configError("read", path, "it is a directory", NAME_ANOTHER);
    if (!isFile) throw configError("read", path, "it is no regular file", NAME_ANOTHER);
    using file = await Deno.open(path, { read: true });
    bytes = await readBounded(file, path);
  } catch (error) {
    throw wordError(error, "read", path);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

const NAME_ANOTHER = "Name another with --config";

async function readBounded(file: Deno.FsFile, path: string): Promise<Uint8Array> {
  const buffer = new Uint8Array(MAX_CONFIG_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === null) return buffer.subarray(0, length);
    length += count;
  }
  throw configError(
    "read",
    path,
    `it is larger than ${MAX_CONFIG_BYTES} bytes`,
    "Check that it is a config file",
  );
}

/**
 * Replaces the whole file at once: a reader sees the old text or the new, also after a crash. Mode and owner stay;
 * a symbolic link stays and its target is replaced. The caller has checked the text before.
 *
 * @throws {OperationError} `config` if the folder is not there, or the file cannot be written; it is then unchanged
 */
export async function writeConfigFile(path: string, text: string): Promise<void> {
  try {
    await replaceFile(await configTarget(path), new TextEncoder().encode(text));
  } catch (error) {
    throw wordError(error, "write", path);
  }
}

/**
 * The file that a path leads to, past links; it need not be there.
 *
 * @throws {Error} where links go round in a circle or a folder may not be searched
 */
export async function configTarget(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  // A link that leads nowhere gets its target made; only the target's folder has to exist.
  const { isSymlink } = await Deno.lstat(path).catch(() => ({ isSymlink: false }));
  if (!isSymlink) return path;
  const next = await Deno.readLink(path);
  return isAbsolute(next) ? next : join(dirname(path), next);
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const old = await statIfThere(path);
  if (old?.isDirectory) throw configError("write", path, "it is a directory", NAME_ANOTHER);
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${crypto.randomUUID()}`);
  const file = await Deno.open(temporary, { write: true, createNew: true, mode: NEW_FILE_MODE });
  try {
    try {
      await writeAll(file, bytes);
      if (old !== undefined) keepOwnerAndMode(temporary, old, await file.stat());
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

function keepOwnerAndMode(path: string, old: Deno.FileInfo, made: Deno.FileInfo): void {
  // Where the system has no owners and modes, there are none to keep.
  if (old.uid === null || old.gid === null || old.mode === null || made.ino === null) return;
  setOwnership(path, made.ino, { uid: old.uid, gid: old.gid, mode: old.mode & 0o7777 });
}

// The rename itself lasts only once the folder is on disk. Some file systems cannot do that; the file is fine all the same.
async function syncFolder(folder: string): Promise<void> {
  try {
    using handle = await Deno.open(folder, { read: true });
    await handle.sync();
  } catch {
    return;
  }
}

function configError(act: "read" | "write", path: string, state: string, remedy: string): OperationError {
  return new OperationError("config", `Cannot ${act} config ${path}: ${state}`, remedy);
}

function wordError(error: unknown, act: "read" | "write", path: string): OperationError {
  if (error instanceof OperationError) return error;
  const [state, remedy] = describe(error, act, path);
  return new OperationError("config", `Cannot ${act} config ${path}: ${state}`, remedy, { cause: error });
}

function describe(error: unknown, act: "read" | "write", path: string): [state: string, remedy: string] {
  if (isAbsent(error)) {
    return act === "read"
      ? ["not found", "Create it, or name another with --config"]
      : ["its folder is not there", `Create ${dirname(path)}, or name another file with --config`];
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return ["permission denied", "Run with sudo, or name another with --config"];
  }
  if (codeOf(error) === "EISDIR") return ["it is a directory", NAME_ANOTHER];
  if (codeOf(error) === "ELOOP") return ["its symbolic links go round in a circle", NAME_ANOTHER];
  return [error instanceof Error ? error.message : String(error), NAME_ANOTHER];
}
