/**
 * `deno task image [--local] [--debian IMAGE]`: builds `mac-docker-connector:VERSION` by the Dockerfile on the Docker
 * Engine that the docker command is set up for (DOCKER_HOST), and saves dist/mac-docker-connector.tar, its id in
 * dist/mac-docker-connector.tar.id and its bill of materials in dist/mac-docker-connector.tar.cdx.json. Its time is that of the
 * commit, or what SOURCE_DATE_EPOCH says (reproducible-builds.org). With `--local`, and where Debian's image cannot be pulled, a Linux machine gathers
 * the files from its own.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { terminalSize } from "../cli/live_text.ts";
import { ProgressLine } from "../cli/progress_line.ts";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { runTool } from "./command.ts";
import { isFile, ROOT_FOLDER } from "./freshness.ts";
import { IMAGE, IMAGE_TAR, SYSTEMS } from "./release/names.ts";
import { buildImage, type BuiltImage, findEngine, pullFault } from "./image/engine.ts";
import { gatherLocally } from "./image/local_stage.ts";
import { writeBom } from "./sbom/cyclonedx.ts";
import { imageBom } from "./sbom/image_bom.ts";
import { commitTime, describeCommit } from "./source_tree.ts";

const PROGRAMS = join(ROOT_FOLDER, "dist");

/** The image of Debian that the Dockerfile names. */
async function usualDebian(): Promise<string> {
  const text = await Deno.readTextFile(join(ROOT_FOLDER, "Dockerfile"));
  return /^ARG DEBIAN=(\S+)$/m.exec(text)?.[1] ?? "";
}

/** The image of Debian if it can be had; on a Linux machine undefined where it cannot. */
async function obtainDebian(name: string): Promise<string | undefined> {
  const fault = await part(`fetching ${name}`, 0, () => pullFault(name));
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
 * The places of the compiled client for a processor.
 *
 * @throws OperationError `unavailable` when there is none for it
 */
function clientPaths(cpu: string): string[] {
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
  return folders.map((folder) => join(folder, "docker-connector-client"));
}

/**
 * Checks that there is a client for the Engine, before anything is built for minutes.
 *
 * @throws OperationError `unavailable` when it has to be compiled first
 */
async function checkClient(cpu: string): Promise<void> {
  const paths = clientPaths(cpu);
  for (const path of paths) if (await isFile(path)) return;
  const target = basename(dirname(paths[0] ?? ""));
  const own = target === Deno.build.target ? "" : ` --target ${target}`;
  throw new OperationError(
    "unavailable",
    `Cannot build the image: there is no compiled client for ${target} in dist`,
    `Run deno task compile${own} first`,
  );
}

/**
 * Does a part of the work: on a terminal a line tells which and for how long, elsewhere a plain line when it begins.
 *
 * @param share of all the work that is done before
 */
async function part<T>(words: string, share: number, work: () => Promise<T>): Promise<T> {
  const isTerminal = Deno.stderr.isTerminal();
  if (!isTerminal) console.error(words);
  const write = (text: string) => void (isTerminal && Deno.stderr.writeSync(new TextEncoder().encode(text)));
  using entry = new ProgressLine(write, () => terminalSize().columns).begin();
  const start = performance.now();
  const show = () => entry.update(`${words}, ${Math.floor((performance.now() - start) / 1000)} s`, share);
  show();
  const timer = setInterval(show, 1000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Builds from an image of Debian; where that is undefined, from this machine's files. */
async function build(tags: readonly string[], debian: string | undefined): Promise<BuiltImage> {
  const values = { VERSION: version, REVISION: await describeCommit(ROOT_FOLDER) };
  const created = await commitTime(ROOT_FOLDER, Deno.env.toObject());
  if (debian !== undefined) {
    return await buildImage(ROOT_FOLDER, tags, { ...values, DEBIAN: debian }, created, IMAGE_TAR);
  }
  const context = join(PROGRAMS, "image");
  await gatherLocally(ROOT_FOLDER, PROGRAMS, context);
  return await buildImage(context, tags, values, created, IMAGE_TAR);
}

/** Builds and saves; prints what came of it. */
async function makeImage(isLocal: boolean, debian: string): Promise<void> {
  const engine = await findEngine();
  await checkClient(engine.cpu);
  const tags = [`${IMAGE}:${version}`, `${IMAGE}:latest`];
  const source = isLocal ? undefined : await obtainDebian(debian);
  const image = await part("building the image", 1 / 3, () => build(tags, source));
  await part("listing what is in it", 2 / 3, async () => {
    await writeBom(IMAGE_TAR, await imageBom(IMAGE_TAR, { version, clients: clientPaths(engine.cpu) }));
  });
  const layers = image.layers === 1 ? "1 layer" : `${image.layers} layers`;
  console.log(`Built ${tags.join(" and ")} on Docker Engine ${engine.version} (${engine.cpu}): ${image.id}`);
  console.log(
    `Files from ${source ?? "this machine"}, ${layers}, ${(image.size / 1e6).toFixed(1)} MB; ` +
      `saved ${IMAGE_TAR}, its id and its bill of materials`,
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
