/**
 * The docker command: builds and saves the image on the Engine that it is set up for.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { run, runOrThrow } from "../command.ts";

/** What is known of a built image. */
export interface BuiltImage {
  /** Its content's name, `sha256:...`. */
  readonly id: string;
  /** Bytes of its layers. */
  readonly size: number;
  readonly layers: number;
}

/**
 * The version of the Engine that answers.
 *
 * @throws OperationError `unavailable` when none does or there is no docker command
 */
export async function engineVersion(): Promise<string> {
  const { success, stdout, stderr } = await run(["docker", "version", "--format", "{{.Server.Version}}"]);
  if (success) return stdout.trim();
  throw new OperationError(
    "unavailable",
    `Cannot reach a Docker Engine: ${stderr.trim().split("\n")[0]}`,
    "Start Docker, or name its socket: DOCKER_HOST=unix:///PATH",
  );
}

/**
 * Builds the image, with whichever builder the docker command takes.
 *
 * @param context the folder of the Dockerfile
 * @param tags its names
 * @param values for the Dockerfile's ARG lines
 * @throws OperationError `failure` with the command's output
 */
export async function buildImage(
  context: string,
  tags: readonly string[],
  values: Readonly<Record<string, string>>,
): Promise<BuiltImage> {
  await runOrThrow([
    "docker",
    "build",
    ...tags.flatMap((tag) => ["--tag", tag]),
    ...Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    context,
  ]);
  const [found] = JSON.parse(await runOrThrow(["docker", "image", "inspect", tags[0] ?? ""]));
  return { id: found.Id, size: found.Size, layers: found.RootFS.Layers.length };
}

/**
 * Saves an image as a tar that `docker load` reads.
 *
 * @param tags the names that it keeps
 * @param path of the tar; what was there stays until the new one is whole
 */
export async function saveImage(tags: readonly string[], path: string): Promise<void> {
  await runOrThrow(["docker", "save", "--output", `${path}.new`, ...tags]);
  await Deno.chmod(`${path}.new`, 0o644);
  await Deno.rename(`${path}.new`, path);
}
