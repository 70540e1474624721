/**
 * Which `deno compile` to run: the running Deno's where its runtime file can be had, else the Deno that fits the
 * runtime file in the npm registry.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../core/error.ts";
import { runOrThrow } from "./command.ts";
import { cacheFolder, PACKAGED_RUNTIME, packagedRuntime } from "./runtime_file.ts";
import { checkRuntimeFile } from "./runtime_version.ts";

/** How long the probe of the download site may take, in milliseconds. */
const PROBE_MS = 5000;

/** A `deno` command that can compile for one target. */
export interface Compiler {
  /** program and first arguments, to which `compile ...` is added */
  readonly argv: readonly string[];
  /** flags for each command that reads the lock */
  readonly flags: readonly string[];
  /** environment variables it needs */
  readonly env: Record<string, string>;
  /** the Deno version inside the result */
  readonly version: string;
  /** where the runtime file comes from, for people */
  readonly origin: string;
}

async function isCached(version: string, archive: string): Promise<boolean> {
  const info = JSON.parse(await runOrThrow([Deno.execPath(), "info", "--json"])) as { denoDir: string };
  const path = join(info.denoDir, "dl", "release", `v${version}`, archive);
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}

async function isReachable(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PROBE_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Finds a way to compile for a target. A file named by DENORT_BIN comes first, if it is of this Deno's version.
 *
 * @param target the target triple, as in `x86_64-unknown-linux-gnu`
 * @throws OperationError `unavailable` when no runtime file for the target can be had, `config` when DENORT_BIN
 *   names another file than one of this Deno's
 */
export async function findCompiler(target: string): Promise<Compiler> {
  const version = Deno.version.deno;
  const own = { argv: [Deno.execPath()], flags: ["--frozen"], env: {}, version };
  const given = Deno.env.get("DENORT_BIN");
  if (given) {
    await checkRuntimeFile(given, version);
    return { ...own, origin: `DENORT_BIN=${given}` };
  }

  const archive = `denort-${target}.zip`;
  if (await isCached(version, archive)) return { ...own, origin: "Deno's cache" };
  // The address that `deno compile` itself downloads from: asked first, because it gives up late and per program.
  const url = `https://dl.deno.land/release/v${version}/${archive}`;
  if (await isReachable(url)) return { ...own, origin: "Deno's download site" };

  if (target !== PACKAGED_RUNTIME.target) {
    throw new OperationError(
      "unavailable",
      `Cannot compile for ${target}: ${url} cannot be reached`,
      "Connect to the internet once, or set DENORT_BIN to a runtime file of this Deno version",
    );
  }
  const file = await packagedRuntime(cacheFolder(Deno.env.toObject()));
  return {
    argv: ["npx", "-y", `deno@${PACKAGED_RUNTIME.version}`],
    // That version wants the types of Node.js in the lock too. It compares the hashes all the same.
    flags: ["--frozen=false"],
    // That version trusts only the certificates built into it unless told to ask the system as well.
    env: { DENORT_BIN: file, DENO_TLS_CA_STORE: "mozilla,system" },
    version: PACKAGED_RUNTIME.version,
    origin: PACKAGED_RUNTIME.specifier,
  };
}
