/**
 * `deno task image [--local] [--debian IMAGE]`: builds `mac-docker-connector:VERSION` by the Dockerfile on the Docker
 * Engine that the docker command is set up for (DOCKER_HOST), and saves dist/mac-docker-connector.tar and its id in
 * dist/mac-docker-connector.tar.id. With `--local`, and where Debian's image cannot be pulled, a Linux machine gathers
 * the files from its own.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { runTool } from "./command.ts";
import { isFile, ROOT_FOLDER } from "./freshness.ts";
import { IMAGE, IMAGE_TAR, SYSTEMS } from "./release/names.ts";
import { buildImage, type BuiltImage, findEngine, pullFault, saveImage } from "./image/engine.ts";
import { gatherLocally } from "./image/local_stage.ts";
import { describeCommit } from "./source_tree.ts";

const PROGRAMS = join(ROOT_FOLDER, "dist");

/** The image of Debian that the Dockerfile names. */
async function usualDebian(): Promise<string> {
  const text = await Deno.readTextFile(join(ROOT_FOLDER, "Dockerfile"));
  return /^ARG DEBIAN=(\S+)$/m.exec(text)?.[1] ?? "";
}

/** The image of Debian if it can be had; on a Linux machine undefined where it cannot. */
async function obtainDebian(name: string): Promise<string | undefined> {
  const fault = await pullFault(name);
  if (fault === undefined) return name;
  if (Deno.build.os !== "linux") {
    throw new OperationError(
      "unavailable",
      `Cannot build the image: ${name} cannot be pulled: ${fault}`,
      "Check Docker's network, or name a copy of that image: --debian IMAGE",
    );
  }
  console.log(`${name} cannot be pulled, so the files are gathered on this machine: ${fault}`);
  return undefined;
}

/**
 * Checks that there is a client for the Engine, before anything is built for minutes.
 *
 * @throws OperationError `unavailable` when it has to be compiled first
 */
async function checkClient(cpu: string): Promise<void> {
  const system = SYSTEMS.find(({ os, cpu: name }) =>
    os === "linux" && name === (cpu === "amd64" ? "x64" : cpu)
  );
  if (system === undefined) {
    throw new OperationError(
      "unavailable",
      `Cannot build the image: there is no client for processor ${cpu}`,
    );
  }
  const { target } = system;
  const folders = [join(PROGRAMS, target), ...target === Deno.build.target ? [PROGRAMS] : []];
  for (const folder of folders) if (await isFile(join(folder, "docker-connector-client"))) return;
  const own = target === Deno.build.target ? "" : ` --target ${target}`;
  throw new OperationError(
    "unavailable",
    `Cannot build the image: there is no compiled client for ${target} in dist`,
    `Run deno task compile${own} first`,
  );
}

/** Builds from an image of Debian; where that is undefined, from this machine's files. */
async function build(tags: readonly string[], debian: string | undefined): Promise<BuiltImage> {
  const values = { VERSION: version, REVISION: await describeCommit(ROOT_FOLDER) };
  if (debian !== undefined) return await buildImage(ROOT_FOLDER, tags, { ...values, DEBIAN: debian });
  const context = join(PROGRAMS, "image");
  await gatherLocally(ROOT_FOLDER, PROGRAMS, context);
  return await buildImage(context, tags, values);
}

/** Builds and saves; prints what came of it. */
async function makeImage(isLocal: boolean, debian: string): Promise<void> {
  const engine = await findEngine();
  await checkClient(engine.cpu);
  const tags = [`${IMAGE}:${version}`, `${IMAGE}:latest`];
  const source = isLocal ? undefined : await obtainDebian(debian);
  const image = await build(tags, source);
  await saveImage(image, tags, IMAGE_TAR);
  const layers = image.layers === 1 ? "1 layer" : `${image.layers} layers`;
  console.log(`Built ${tags.join(" and ")} on Docker Engine ${engine.version} (${engine.cpu}): ${image.id}`);
  console.log(
    `Files from ${source ?? "this machine"}, ${layers}, ${(image.size / 1e6).toFixed(1)} MB; ` +
      `saved ${IMAGE_TAR} and its id`,
  );
}

if (import.meta.main) {
  await runTool(async () => {
    const { values } = parseArgs({
      args: Deno.args,
      options: { local: { type: "boolean", default: false }, debian: { type: "string" } },
    });
    await makeImage(values.local, values.debian ?? await usualDebian());
  });
}
