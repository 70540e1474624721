/**
 * The client's image in a test's Engine: of the compiled client or, with programs run from source, of the client's source.
 *
 * @module
 */
import { join } from "node:path";
import { IMAGE, IMAGE_FILE, IMAGE_TAR } from "../../tools/release/names.ts";
import { reasonToBuildImage } from "../../tools/freshness.ts";
import type { DockerEngine } from "./docker_engine.ts";
import { mustRun } from "./process.ts";
import { PROGRAMS_FOLDER } from "./server_side.ts";

/** Milliseconds that building may take on a busy machine. */
const BUILD_LIMIT = 120_000;

/** Makes sure that the image is saved in dist/; the path of the tar. The Engine is only used when it has to be built. */
export async function clientImageTar(engine: DockerEngine): Promise<string> {
  if (await reasonToBuildImage() !== undefined) {
    await runTool(engine, "tools/image.ts", "--local");
  }
  return IMAGE_TAR;
}

/** Makes sure that the Engine has the image. */
export async function loadClientImage(engine: DockerEngine): Promise<void> {
  const beside = join(PROGRAMS_FOLDER, IMAGE_FILE);
  const hasOwn = beside !== IMAGE_TAR && await Deno.stat(beside).then(() => true, () => false);
  const tar = hasOwn ? beside : await clientImageTar(engine);
  if (await engine.docker("image", "ls", "--quiet", IMAGE) === "") {
    await engine.docker("load", "--input", tar);
  }
}

/** Builds the image of a folder of programs that run from source, and saves it there. */
export async function saveSourceImage(engine: DockerEngine, programs: string): Promise<void> {
  await runTool(engine, "tools/source_image.ts", programs);
}

async function runTool(engine: DockerEngine, tool: string, ...args: string[]): Promise<void> {
  const path = new URL(`../../${tool}`, import.meta.url).pathname;
  await mustRun([Deno.execPath(), "run", "-A", "--no-check", path, ...args], {
    env: engine.environment,
    deadline: BUILD_LIMIT,
  });
}
