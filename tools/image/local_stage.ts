/**
 * The image without a registry: what the first stage of the Dockerfile gathers in Debian is gathered on this machine, and
 * the last stage is built from that.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { runOrThrow } from "../command.ts";
import { ensurePackages } from "../packages.ts";

/** The line of the Dockerfile that takes what the first stage has gathered. */
const TAKEN = "COPY --from=gather /image/ /";

/**
 * The last stage as a Dockerfile of its own, beside which the gathered files lie in the folder `root`.
 *
 * @param dockerfile the text of the whole Dockerfile
 * @throws Error when that has another last stage than this module knows
 */
export function lastStage(dockerfile: string): string {
  const start = dockerfile.lastIndexOf("\nFROM scratch\n");
  const stage = dockerfile.slice(start + 1);
  if (start < 0 || stage.split("\n").filter((line) => line === TAKEN).length !== 1) {
    throw new Error(`the last stage of the Dockerfile is not FROM scratch with one line ${TAKEN}`);
  }
  return stage.replace(TAKEN, "COPY root/ /");
}

/**
 * Gathers on this machine.
 *
 * @param repository folder of the repository
 * @param programs folder of the compiled programs
 * @param context folder to make; it can be built then
 * @throws OperationError when this is no Linux machine, or something that belongs into the image is not on it
 */
export async function gatherLocally(repository: string, programs: string, context: string): Promise<void> {
  if (Deno.build.os !== "linux") {
    throw new OperationError(
      "unavailable",
      "Cannot gather the image on this machine: its files are those of a Linux machine",
      "Leave out --local, so that Docker gathers them",
    );
  }
  await ensurePackages(["iptables"]);
  await Deno.remove(context, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(context, { recursive: true });
  const dockerfile = await Deno.readTextFile(join(repository, "Dockerfile"));
  await Deno.writeTextFile(join(context, "Dockerfile"), lastStage(dockerfile));
  await runOrThrow(["sh", join(repository, "packaging/image/gather.sh"), programs, join(context, "root")]);
}
