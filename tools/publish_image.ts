/**
 * `deno task publish:image [--dry-run]`: pushes the images that lie in dist/TRIPLE/ to the registry of the repository's
 * owner (ghcr.io), one for each processor and a list of both under the version's name and `latest`. Someone's packages
 * are changed by it, so it runs in the release workflow only: GITHUB_ACTOR and GH_TOKEN log it in. With `--dry-run` it
 * prints the commands.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { readImageId } from "../system/docker/image_file.ts";
import { runOrThrow, runTool } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { IMAGE_FILE, imageRepository, SYSTEMS } from "./release/names.ts";

/** The saved image of one processor. */
export interface SavedImage {
  readonly cpu: string;
  readonly tar: string;
  readonly id: string;
}

/**
 * The commands that push images and the list of them.
 *
 * @param images one for each processor
 * @param repository the image's name without a tag
 * @param tags the tags of the list; the first is the version, and each image gets it with its processor
 */
export function pushCommands(
  images: readonly SavedImage[],
  repository: string,
  tags: readonly string[],
): string[][] {
  const names = images.map(({ cpu }) => `${repository}:${tags[0]}-${cpu}`);
  return [
    ...images.flatMap(({ tar, id }, index) => [
      ["docker", "load", "--quiet", "--input", tar],
      ["docker", "tag", id, names[index] ?? ""],
      ["docker", "push", "--quiet", names[index] ?? ""],
    ]),
    ...tags.flatMap((tag) => [
      ["docker", "manifest", "create", `${repository}:${tag}`, ...names],
      ["docker", "manifest", "push", `${repository}:${tag}`],
    ]),
  ];
}

/** The images of all processors; a list with one of them missing would be no release. */
async function savedImages(): Promise<SavedImage[]> {
  const systems = SYSTEMS.filter(({ os }) => os === "linux");
  return await Promise.all(systems.map(async ({ cpu, target }) => {
    const tar = join(ROOT_FOLDER, "dist", target, IMAGE_FILE);
    const id = await readImageId(tar);
    if (id !== undefined) return { cpu, tar, id };
    throw new OperationError(
      "failure",
      `Cannot push image ${tar}: its id is not beside it`,
      "Build it again",
    );
  }));
}

/** The password goes through the standard input, since everybody may read a command line. */
async function logIn(registry: string, user: string, token: string): Promise<void> {
  const child = new Deno.Command("docker", {
    args: ["login", registry, "--username", user, "--password-stdin"],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(token));
  await input.close();
  const { success, stderr } = await child.output();
  if (success) return;
  const words = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new OperationError(
    "failure",
    `Cannot log in to ${registry}: ${words}`,
    "Check GITHUB_ACTOR and GH_TOKEN",
  );
}

async function publishImage(isDry: boolean): Promise<void> {
  const { GITHUB_ACTOR = "", GH_TOKEN = "", ...env } = Deno.env.toObject();
  const repository = imageRepository(env);
  if (repository === "") {
    throw new OperationError(
      "failure",
      "Cannot push the image: no workflow of GitHub says for which repository",
      "Push a tag, and let the release workflow do it",
    );
  }
  const commands = pushCommands(await savedImages(), repository, [version, "latest"]);
  if (isDry) return commands.forEach((argv) => console.log(argv.join(" ")));
  await logIn(repository.split("/")[0] ?? "", GITHUB_ACTOR, GH_TOKEN);
  for (const argv of commands) {
    await runOrThrow(argv);
    console.log(argv.join(" "));
  }
}

if (import.meta.main) {
  await runTool(async () => {
    const options = { "dry-run": { type: "boolean", default: false } } as const;
    const { values } = parseArgs({ args: Deno.args, options });
    await publishImage(values["dry-run"]);
  });
}
