/**
 * Where Deno keeps the npm packages that it has downloaded.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../core/error.ts";
import { runOrThrow } from "./command.ts";
import type { LockedPackage } from "./lock_file.ts";

/** Folders of a Deno's downloads. */
export interface DenoFolders {
  readonly denoDir: string;
  /** has a folder for each registry */
  readonly npmCache: string;
}

/**
 * Asks a Deno for its folders.
 *
 * @param argv its command
 * @param env environment variables besides this process's own
 */
export async function denoFolders(
  argv: readonly string[] = [Deno.execPath()],
  env: Record<string, string> = {},
): Promise<DenoFolders> {
  return JSON.parse(await runOrThrow([...argv, "info", "--json"], { env }));
}

/**
 * The folder of a package, relative to that of all packages.
 *
 * @throws OperationError `failure` when it has not been downloaded
 */
export async function packageFolder(
  npmCache: string,
  { name, version }: Pick<LockedPackage, "name" | "version">,
): Promise<string> {
  const registries = await Array.fromAsync(Deno.readDir(npmCache)).catch(() => []);
  for (const registry of registries) {
    const folder = join(registry.name, name, version);
    if (await Deno.stat(join(npmCache, folder)).then(() => true, () => false)) return folder;
  }
  throw new OperationError(
    "failure",
    `Cannot find npm package ${name} ${version}: it is not in ${npmCache}`,
    "Download what the lock names: deno install --frozen",
  );
}
