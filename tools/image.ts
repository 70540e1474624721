/**
 * `deno task image`: assembles the client's root file system in dist/image, builds `mac-docker-connector:VERSION` from
 * it on the Docker Engine that the docker command is set up for (DOCKER_HOST), and saves
 * dist/mac-docker-connector.tar.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../cli/build_info.ts";
import { OperationError } from "../core/error.ts";
import { IMAGE, IMAGE_TAR } from "./image/contents.ts";
import { buildImage, engineVersion, saveImage } from "./image/engine.ts";
import { assembleRoot } from "./image/root_tree.ts";
import { describeCommit } from "./source_tree.ts";
import { formatTable } from "./table.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function sizeOf(path: string): Promise<string> {
  const info = await Deno.lstat(path);
  if (info.isSymlink) return `-> ${await Deno.readLink(path)}`;
  return info.isDirectory ? "" : String(info.size);
}

/** Assembles, builds and saves; prints what came of it. */
async function makeImage(): Promise<void> {
  const root = join(ROOT, "dist", "image");
  const paths = await assembleRoot(root, join(ROOT, "dist", "docker-connector-client"));
  console.log(formatTable(await Promise.all(paths.map(async (path) => [path, await sizeOf(root + path)]))));
  const engine = await engineVersion();
  const tags = [`${IMAGE}:${version}`, `${IMAGE}:latest`];
  const image = await buildImage(ROOT, tags, { VERSION: version, REVISION: await describeCommit(ROOT) });
  await saveImage(tags, IMAGE_TAR);
  console.log(`Built ${tags.join(" and ")} on Docker Engine ${engine}: ${image.id}`);
  const layers = image.layers === 1 ? "1 layer" : `${image.layers} layers`;
  console.log(`${paths.length} files, ${layers}, ${(image.size / 1e6).toFixed(1)} MB; saved ${IMAGE_TAR}`);
}

if (import.meta.main) {
  try {
    await makeImage();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
