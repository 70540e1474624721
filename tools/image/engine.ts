/**
 * The docker command: builds and saves the image on the Engine that it is set up for.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { run, runOrThrow } from "../command.ts";
import { writeFixedImage } from "./fixed_image.ts";

/** What is known of a built image. */
export interface BuiltImage {
  /** Its content's name, `sha256:...`. */
  readonly id: string;
  /** Bytes of its layers. */
  readonly size: number;
  readonly layers: number;
}

/**
 * The Engine that answers: its version, and its processor as Go calls it, `amd64` or `arm64`.
 *
 * @throws OperationError `unavailable` when none does or there is no docker command
 */
export async function findEngine(): Promise<{ version: string; cpu: string }> {
  const format = "{{.Server.Version}} {{.Server.Arch}}";
  const { success, stdout, stderr } = await run(["docker", "version", "--format", format]);
  const [version = "", cpu = ""] = stdout.trim().split(" ");
  if (success) return { version, cpu };
  throw new OperationError(
    "unavailable",
    `Cannot reach a Docker Engine: ${stderr.trim().split("\n")[0]}`,
    "Start Docker, or name its socket: DOCKER_HOST=unix:///PATH",
  );
}

/**
 * Makes sure that the Engine has an image.
 *
 * @returns why it has not, in the docker command's words; undefined when it has
 */
export async function pullFault(name: string): Promise<string | undefined> {
  if ((await run(["docker", "image", "inspect", name])).success) return undefined;
  const { success, stderr } = await run(["docker", "pull", "--quiet", name]);
  return success ? undefined : stderr.trim().split("\n").at(-1) ?? "";
}

/**
 * Builds an image, with the builder that the docker command takes, and saves it with one time instead of the builder's
 * own, so that the same files give the same image. The Engine has that one then.
 *
 * @param context the folder of the Dockerfile
 * @param tags its names
 * @param values for the Dockerfile's ARG lines
 * @param created the time of the image
 * @param path of the tar; what was there stays until the new one is whole. The id's file has `.id` added
 * @throws OperationError `failure` with the command's output
 */
export async function buildImage(
  context: string,
  tags: readonly string[],
  values: Readonly<Record<string, string>>,
  created: Date,
  path: string,
): Promise<BuiltImage> {
  const args = Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const built = (await runOrThrow(
    ["docker", "build", "--quiet", ...args, context],
    // Else buildx adds a second manifest, and the id of the image is that of a list of the two.
    { env: { BUILDX_NO_DEFAULT_ATTESTATIONS: "1" } },
  )).trim();
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-image-" });
  try {
    await runOrThrow(["docker", "save", "--output", join(folder, "saved.tar"), built]);
    await runOrThrow(["tar", "-xf", "saved.tar"], { cwd: folder });
    await writeFixedImage(folder, tags, created, `${path}.new`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await runOrThrow(["docker", "load", "--quiet", "--input", `${path}.new`]);
  const [found] = JSON.parse(await runOrThrow(["docker", "image", "inspect", tags[0] ?? ""]));
  if (found.Id !== built) await runOrThrow(["docker", "image", "rm", built]);
  await Deno.chmod(`${path}.new`, 0o644);
  await Deno.rename(`${path}.new`, path);
  // After the tar: an id that is older than its tar is another one's.
  await Deno.writeTextFile(`${path}.id`, `${found.Id}\n`);
  return { id: found.Id, size: found.Size, layers: found.RootFS.Layers.length };
}
