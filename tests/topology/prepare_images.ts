/**
 * `deno run -A tests/topology/prepare_images.ts [FOLDER]`: builds the client's image in a Docker Engine of its own, and
 * the image of the programs that run from source in FOLDER. Test files that run side by side then find both.
 *
 * @module
 */
import { clientImageTar, saveSourceImage } from "./client_image.ts";
import { DockerEngine } from "./docker_engine.ts";
import { Network } from "./network.ts";

if (import.meta.main) {
  await using network = await Network.create({ containers: [] });
  await using engine = new DockerEngine(network);
  await engine.start();
  await clientImageTar(engine);
  const [folder] = Deno.args;
  if (folder !== undefined) await saveSourceImage(engine, folder);
}
