/**
 * Whether the compiled programs and the saved image are as new as their sources.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROGRAMS } from "./programs.ts";
import { IMAGE_TAR } from "./release/names.ts";
import { bomPath } from "./sbom/cyclonedx.ts";
import { isTestCode, SOURCES } from "./source_tree.ts";

/** The repository's folder. */
export const ROOT_FOLDER: string = fileURLToPath(new URL("..", import.meta.url));

/** What the image is made of and made by, relative to the repository. */
const IMAGE_SOURCES = [
  "Dockerfile",
  "dist/docker-connector-client",
  "tools/image.ts",
  "packaging/image",
  "tools/image",
  "tools/sbom",
];

/** Whether there is a file. */
export async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}

/**
 * The latest time of modification in milliseconds of a file, or of all files below a folder but those for
 * tests; 0 where there is none.
 */
export async function newest(path: string): Promise<number> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined || isTestCode(path)) return 0;
  if (!info.isDirectory) return info.mtime?.getTime() ?? 0;
  let latest = 0;
  for await (const entry of Deno.readDir(path)) {
    latest = Math.max(latest, await newest(join(path, entry.name)));
  }
  return latest;
}

/**
 * Tells why the programs have to be compiled.
 *
 * @param folder where the binaries lie
 * @returns the reason in words; undefined when all are there and newer than every source
 */
export async function reasonToCompile(
  folder: string = join(ROOT_FOLDER, "dist"),
): Promise<string | undefined> {
  const sources = Math.max(...await Promise.all(SOURCES.map((name) => newest(join(ROOT_FOLDER, name)))));
  for (const { binary } of PROGRAMS) {
    const info = await Deno.stat(join(folder, binary)).catch(() => undefined);
    if (info === undefined) return `${binary} is not there yet`;
    if ((info.mtime?.getTime() ?? 0) < sources) return `${binary} is older than the sources`;
  }
  return undefined;
}

/**
 * Tells why the image has to be built.
 *
 * @param tar where it is saved
 * @returns the reason in words; undefined when it is newer than the client and everything else that it depends on, and
 *   its id is there
 */
export async function reasonToBuildImage(tar: string = IMAGE_TAR): Promise<string | undefined> {
  if (!await isFile(tar)) return "it is not there yet";
  const saved = await newest(tar);
  for (const part of IMAGE_SOURCES) {
    const time = await newest(join(ROOT_FOLDER, part));
    if (time === 0 || time > saved) return `${part} is newer`;
  }
  if (!await isFile(bomPath(tar))) return "its bill of materials is not there";
  return await isFile(`${tar}.id`) ? undefined : "its id is not there";
}
