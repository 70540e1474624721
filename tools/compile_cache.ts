/**
 * The folder of Deno's downloads (DENO_DIR) that programs are compiled with.
 *
 * `deno compile` puts each npm package into the program whole, with the time of each file, which is that of its download.
 * What it cannot tell the type of it reads as a module, and puts the fault that it finds there into the program, with the
 * path. So it compiles with a copy that has fixed times and modules alone: two compilations give equal bytes.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { runOrThrow } from "./command.ts";
import type { Compiler } from "./compiler.ts";
import { isFile } from "./freshness.ts";
import type { LockedPackage } from "./lock_file.ts";
import { denoFolders, packageFolder } from "./npm_cache.ts";
import { EPOCH } from "./source_tree.ts";

/**
 * The files of a package that a program can load. Of the others, LICENSE files are in the archive of a release, and the
 * data of bintrees' tests overflow the stack of Deno 2.9's analysis.
 */
const LOADED = /\.(?:[cm]?js|json|wasm)$/;

/** Copies a file with fixed time and mode. */
async function copyFile(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
  await Deno.chmod(to, 0o644);
  await Deno.utime(to, EPOCH, EPOCH);
}

async function copyModules(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyModules(join(from, name), join(to, name));
    else if (LOADED.test(name)) await copyFile(join(from, name), join(to, name));
  }
}

/**
 * Makes the folder.
 *
 * @param sources the copied sources, whose lock is frozen
 * @param modules the modules to be compiled, relative to the sources
 * @param packages all that these may load
 * @returns a new folder for the variable DENO_DIR, which the caller removes
 * @throws OperationError when a package cannot be downloaded
 */
export async function makeCompileCache(
  compiler: Compiler,
  sources: string,
  modules: readonly string[],
  packages: readonly LockedPackage[],
): Promise<string> {
  const lock = join(sources, "deno.lock");
  const text = await Deno.readTextFile(lock);
  await runOrThrow([...compiler.argv, "cache", "--quiet", "--no-check", ...compiler.flags, ...modules], {
    cwd: sources,
    env: compiler.env,
  });
  // Deno 2.4 has added the types of Node.js, which `compile` would put into the program.
  await Deno.writeTextFile(lock, text);
  const { denoDir, npmCache } = await denoFolders(compiler.argv, compiler.env);
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-cache-" });
  for (const each of packages) {
    const path = await packageFolder(npmCache, each);
    await copyModules(join(npmCache, path), join(folder, "npm", path));
    // What the registry said of the package, for a Deno that has asked: the lock says enough to later ones.
    const about = join(path, "..", "registry.json");
    if (await isFile(join(npmCache, about))) {
      await copyFile(join(npmCache, about), join(folder, "npm", about));
    }
  }
  // Runtime files that were downloaded before, and those that are now.
  await Deno.mkdir(join(denoDir, "dl"), { recursive: true });
  await Deno.symlink(join(denoDir, "dl"), join(folder, "dl"));
  return folder;
}
