/**
 * The client's image in a test's Engine: built when something it is made of has changed, loaded from dist/ otherwise.
 *
 * @module
 */
import { IMAGE, IMAGE_TAR } from "../../tools/image/contents.ts";
import { reasonToBuildImage } from "../../tools/image/freshness.ts";
import type { DockerEngine } from "./docker_engine.ts";
import { mustRun } from "./process.ts";

/** Milliseconds that building may take on a busy machine. */
const BUILD_LIMIT = 120_000;

/** Makes sure that the image is saved in dist/; the path of the tar. The Engine is only used when it has to be built. */
export async function clientImageTar(engine: DockerEngine): Promise<string> {
  if (await reasonToBuildImage() !== undefined) {
    const tool = new URL("../../tools/image.ts", import.meta.url).pathname;
    await mustRun([Deno.execPath(), "run", "-A", "--no-check", tool, "--local"], {
      env: { DOCKER_HOST: `unix://${engine.socket}` },
      deadline: BUILD_LIMIT,
    });
  }
  return IMAGE_TAR;
}

/** Makes sure that the Engine has the image. */
export async function loadClientImage(engine: DockerEngine): Promise<void> {
  const tar = await clientImageTar(engine);
  if (await engine.docker("image", "ls", "--quiet", IMAGE) === "") {
    await engine.docker("load", "--input", tar);
  }
}
