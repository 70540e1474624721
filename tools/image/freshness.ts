/**
 * Whether the saved image is as new as what it is made of.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { isTestCode } from "../source_tree.ts";
import { IMAGE_TAR } from "./contents.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What the image is made of and made by, relative to the repository. */
function parts(): string[] {
  const folders = ["packaging/image", "tools/image"].flatMap((folder) =>
    Array.from(Deno.readDirSync(ROOT + folder), ({ name }) => `${folder}/${name}`)
  );
  return [
    "Dockerfile",
    "dist/docker-connector-client",
    "tools/image.ts",
    ...folders.filter((path) => !isTestCode(path)),
  ];
}

async function timeOf(path: string): Promise<number | undefined> {
  const info = await Deno.stat(path).catch(() => undefined);
  return info?.mtime?.getTime();
}

/**
 * Tells why the image has to be built.
 *
 * @param tar where it is saved
 * @returns the reason in words; undefined when it is newer than the client and everything else that it depends on, and
 *   its id is there
 */
export async function reasonToBuildImage(tar: string = IMAGE_TAR): Promise<string | undefined> {
  const saved = await timeOf(tar);
  if (saved === undefined) return "it is not there yet";
  for (const part of parts()) {
    const time = await timeOf(ROOT + part);
    if (time === undefined || time > saved) return `${part} is newer`;
  }
  return await timeOf(`${tar}.id`) === undefined ? "its id is not there" : undefined;
}
