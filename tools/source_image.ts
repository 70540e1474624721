/**
 * `deno run -A tools/source_image.ts FOLDER`: an image whose client runs from source: the client's image with what
 * tools/source_programs.ts wrote to FOLDER in the compiled client's place. Where no runtime file of the released Deno can be
 * had, it shows what that Deno does in a container.
 *
 * @module
 */
import { join } from "node:path";
import { version } from "../program/build_info.ts";
import { runOrThrow } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { IMAGE, IMAGE_FILE } from "./release/names.ts";
import { buildImage } from "./image/engine.ts";
import { gatherLocally } from "./image/local_stage.ts";
import { PROGRAMS } from "./programs.ts";
import { sourceCommand } from "./source_programs.ts";
import { describeCommit } from "./source_tree.ts";

/** What of the folder of programs is used. */
const PARTS = ["deno", "source", "cache"];

/** A C program that becomes the client; the image has no shell that could. */
function launcherSource(programs: string): string {
  const client = PROGRAMS.find(({ binary }) => binary === "docker-connector-client");
  if (client === undefined) throw new TypeError("Cannot find the client among the programs");
  const command = sourceCommand(programs, client);
  return `#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *command[] = {${command.map((word) => JSON.stringify(word)).join(", ")}};

int main(int count, char **words) {
  int own = sizeof command / sizeof *command;
  char **all = calloc(own + count, sizeof *all);
  if (all == NULL) return 1;
  memcpy(all, command, sizeof command);
  memcpy(all + own, words + 1, count * sizeof *all);
  setenv("DENO_DIR", "${programs}/cache", 1);
  setenv("DENO_NO_UPDATE_CHECK", "1", 1);
  execv(command[0], all);
  return 1;
}
`;
}

/**
 * Builds the image on the Docker Engine that the docker command is set up for, and saves it beside the programs, where
 * the server looks for it. All but the client is gathered on this machine, as `deno task image --local` does it.
 *
 * @param programs the folder of tools/source_programs.ts, an absolute path
 * @throws OperationError `failure` with the output of the C compiler or the docker command
 */
export async function buildSourceImage(programs: string): Promise<void> {
  const tags = [`${IMAGE}:${version}`, `${IMAGE}:latest`];
  const context = await Deno.makeTempDir({ prefix: "docker-connector-image-" });
  try {
    await gatherLocally(ROOT_FOLDER, join(ROOT_FOLDER, "dist"), context);
    const root = join(context, "root");
    const client = join(root, "usr/bin/docker-connector-client");
    await Deno.writeTextFile(`${context}/launcher.c`, launcherSource(programs));
    await runOrThrow(["gcc", "-static", "-O2", "-Wall", "-Werror", "-o", client, `${context}/launcher.c`]);
    // At the same place, by which Deno finds what it has made of the sources.
    await Deno.mkdir(root + programs, { recursive: true });
    await runOrThrow(["cp", "-a", ...PARTS.map((name) => join(programs, name)), root + programs]);
    const values = { VERSION: version, REVISION: await describeCommit(ROOT_FOLDER) };
    await buildImage(context, tags, values, new Date(0), join(programs, IMAGE_FILE));
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

if (import.meta.main) await buildSourceImage(Deno.args[0] ?? "");
