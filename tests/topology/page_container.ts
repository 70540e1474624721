/**
 * Containers that serve a page, in a test's Engine.
 *
 * @module
 */
import type { DockerEngine } from "./docker_engine.ts";
import { mustRun } from "./process.ts";

/** An image that holds busybox alone. */
const IMAGE = "page";
/** Where Debian's package busybox-static puts it. */
const BUSYBOX = ["-C", "/bin", "busybox"];

/** Makes sure that the Engine has the image. */
async function importImage(engine: DockerEngine, folder: string): Promise<void> {
  if (await engine.docker("image", "ls", "--quiet", IMAGE) !== "") return;
  const tar = `${folder}/busybox.tar`;
  await mustRun(["tar", "--create", "--file", tar, ...BUSYBOX]);
  await engine.docker("import", tar, IMAGE);
}

/**
 * Runs a container that serves one page on TCP port 8080.
 *
 * @param folder gets a file of use while the image is made
 * @param options of `docker run`, such as `--network`
 * @returns its address in its only network
 */
export async function runPageContainer(
  engine: DockerEngine,
  folder: string,
  name: string,
  ...options: string[]
): Promise<string> {
  await importImage(engine, folder);
  const script = `echo "page of ${name}" > /index.html; exec /busybox httpd -f -p 8080 -h /`;
  const command = [IMAGE, "/busybox", "sh", "-c", script];
  await engine.docker("run", "--detach", "--stop-signal", "SIGKILL", "--name", name, ...options, ...command);
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return await engine.docker("container", "inspect", "--format", format, name);
}
