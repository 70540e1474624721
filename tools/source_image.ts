/**
 * An image whose client runs from source: the client's image with the folder of tools/source_programs.ts in it. Where no
 * runtime file of the released Deno can be had, it shows what that Deno does in a container.
 *
 * @module
 */
import { join } from "node:path";
import { runOrThrow } from "./command.ts";
import { IMAGE } from "./image/contents.ts";
import { buildImage, saveImage } from "./image/engine.ts";
import { PROGRAMS } from "./programs.ts";
import { sourceCommand } from "./source_programs.ts";

/** Where the folder lies in the image. */
const PLACE = "/opt/docker-connector";

function dockerfile(): string {
  const client = PROGRAMS.find(({ binary }) => binary === "docker-connector-client");
  if (client === undefined) throw new TypeError("Cannot find the client among the programs");
  const command = sourceCommand(PLACE, client);
  return [
    `FROM ${IMAGE}:latest`,
    ...["deno", "source", "cache"].map((name) => `COPY ${name} ${PLACE}/${name}`),
    `ENV DENO_DIR=${PLACE}/cache DENO_NO_UPDATE_CHECK=1`,
    "HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \\",
    `  CMD ${JSON.stringify([...command, "health"])}`,
    `ENTRYPOINT ${JSON.stringify(command)}`,
    "",
  ].join("\n");
}

/**
 * Builds the image on the Docker Engine that the docker command is set up for, and saves it beside the programs, where
 * the server looks for it. That Engine must have the compiled client's image; the new one takes its names.
 *
 * @param programs the folder of tools/source_programs.ts
 * @throws OperationError `failure` with the docker command's output
 */
export async function buildSourceImage(programs: string): Promise<void> {
  await Deno.writeTextFile(join(programs, "Dockerfile"), dockerfile());
  const inspect = ["docker", "image", "inspect", "--format", "{{json .RepoTags}}", `${IMAGE}:latest`];
  const tags: string[] = JSON.parse(await runOrThrow(inspect));
  const image = await buildImage(programs, tags, {});
  await saveImage(image, tags, join(programs, `${IMAGE}.tar`));
}

if (import.meta.main) await buildSourceImage(Deno.args[0] ?? "");
