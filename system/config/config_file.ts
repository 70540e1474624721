/**
 * The config file on disk: where it is, reading it whole, replacing it whole.
 *
 * @module
 */
import { basename, dirname, isAbsolute, join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { setOwnership } from "../../ffi/file/open_file.ts";
import { codeOf, isAbsent, isLack, wordsOf } from "../process/runtime_error.ts";

const FILE_NAME = "docker-connector.conf";

/** Where Homebrew is on Macs and on Linux. `sudo` does not pass HOMEBREW_PREFIX on. */
const PREFIXES = ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"];

/** The largest config file that is read, in bytes: a thousand times what one usually holds. */
export const MAX_CONFIG_BYTES = 1 << 20;

/**
 * Where a config file is looked for, in this order.
 *
 * @param homebrewPrefix the value of the environment variable HOMEBREW_PREFIX
 */
export function defaultConfigPaths(homebrewPrefix: string | undefined): string[] {
  const given = homebrewPrefix !== undefined && isAbsolute(homebrewPrefix) ? [homebrewPrefix] : [];
  return [...new Set([...given, ...PREFIXES, "/"].map((prefix) => join(prefix, "etc", FILE_NAME)))];
}

/** The first of the given paths at which there is something, even if it cannot be read. */
export async function findConfigFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await Deno.lstat(path).then(() => true, (error) => !isAbsent(error))) return path;
  }
  return undefined;
}

/**
 * Reads the whole file. Bytes that are not UTF-8 become U+FFFD, for which the parser names the line and column.
 * A byte order mark stays in the text.
 *
 * @throws {OperationError} `config` if the file is not there, not a file, too large or not to be read
 */
export async function readConfigFile(path: string): Promise<string> {
  try {
    // Before it is opened: opening a pipe waits for a writer, and a device could be read for ever.
    const { isDirectory, isFile } = await Deno.stat(path);
    if (isDirectory) throw new Refusal("it is a directory");
    if (!isFile) throw new Refusal("it is no regular file");
    using file = await Deno.open(path);
    const bytes = await readBounded(file);
    if (bytes !== undefined) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    throw new Refusal(`it is larger than ${MAX_CONFIG_BYTES} bytes`, "Check that it is a config file");
  } catch (error) {
    throw configFault(error, "read", path);
  }
}

/** Reads to the end; undefined where that is beyond {@linkcode MAX_CONFIG_BYTES}. */
export async function readBounded(source: Pick<Deno.FsFile, "read">): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(MAX_CONFIG_BYTES + 1);
  for (let length = 0; length < buffer.length;) {
    const count = await source.read(buffer.subarray(length));
    if (count === null) return buffer.subarray(0, length);
    length += count;
  }
  return undefined;
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
    throw configFault(error, "write", path);
  }
}

/**
 * The file that a path leads to, past links; it need not be there.
 *
 * @throws {Error} where links go round in a circle or a folder may not be searched
 */
export async function configTarget(path: string): Promise<string> {
  const target = await Deno.realPath(path).catch((error) => {
    if (!isAbsent(error)) throw error;
  });
  if (target !== undefined) return target;
  // A link that leads nowhere gets its target made; only the target's folder has to exist.
  const { isSymlink } = await Deno.lstat(path).catch(() => ({ isSymlink: false }));
  if (!isSymlink) return path;
  const next = await Deno.readLink(path);
  return isAbsolute(next) ? next : join(dirname(path), next);
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const old = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (old?.isDirectory) throw new Refusal("it is a directory");
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${crypto.randomUUID()}`);
  try {
    await writeNewFile(temporary, bytes, old);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** Writes a file with owner and mode of the old one, and waits until it is on disk. */
async function writeNewFile(path: string, bytes: Uint8Array, old?: Deno.FileInfo): Promise<void> {
  // It may come to hold tokens, so nobody but its owner reads it.
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  const { ino } = await file.stat();
  const { uid, gid, mode } = old ?? { uid: null, gid: null, mode: null };
  // Where the system has no owners and modes, there are none to keep.
  if (uid !== null && gid !== null && mode !== null && ino !== null) {
    setOwnership(path, ino, { uid, gid, mode: mode & 0o7777 });
  }
  await file.sync();
}

/** The rename itself lasts only once the folder is on disk. */
async function syncFolder(folder: string): Promise<void> {
  try {
    using handle = await Deno.open(folder);
    await handle.sync();
  } catch {
    // Some file systems cannot do that; the file is fine all the same.
  }
}

const NAME_ANOTHER = "Name another with --config";

/** Why a file is not read or written, found out here and not by the system. */
class Refusal extends Error {
  constructor(state: string, readonly remedy: string = NAME_ANOTHER) {
    super(state);
  }
}

function configFault(error: unknown, act: "read" | "write", path: string): OperationError {
  const fault = (state: string, remedy = NAME_ANOTHER) =>
    new OperationError("config", `Cannot ${act} config ${path}: ${state}`, remedy, { cause: error });
  if (error instanceof Refusal) return fault(error.message, error.remedy);
  if (isAbsent(error)) {
    return act === "read"
      ? fault("not found", "Create it, or name another with --config")
      : fault("its folder is not there", `Create ${dirname(path)}, or name another file with --config`);
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return fault("permission denied", "Run with sudo, or name another with --config");
  }
  if (codeOf(error) === "EISDIR") return fault("it is a directory");
  if (codeOf(error) === "ELOOP") return fault("its symbolic links go round in a circle");
  if (isLack(error)) return fault(wordsOf(error), "Try again when the system has what it lacks");
  return fault(wordsOf(error));
}

/** What every user of the machine may do with a file: bits of its mode (chmod(2)). Nothing where it is not there. */
export async function rightsOfOthers(
  path: string,
): Promise<{ readonly read: boolean; readonly write: boolean }> {
  const mode = (await Deno.stat(path).catch(() => undefined))?.mode ?? 0;
  return { read: (mode & 0o004) !== 0, write: (mode & 0o002) !== 0 };
}
