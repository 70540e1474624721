/**
 * The client's image with a clock that a test can set while the client runs: libfaketime, which reads the difference to the
 * true time from a file in the container's /run.
 *
 * @module
 */
import { IMAGE } from "../../tools/release/names.ts";
import type { DockerEngine } from "../topology/docker_engine.ts";
import { faketimeEnvironment, faketimeLibrary } from "../topology/machine_stop.ts";

/** Where the client looks for its clock; the only folder in its container that can be written. */
const FILE = "/run/clock";

/** Makes it in an Engine that has the client's image; its name. */
export async function makeClockedImage(engine: DockerEngine): Promise<string> {
  const name = `${IMAGE}:clock`;
  const library = await faketimeLibrary();
  const container = (await engine.docker("create", IMAGE)).trim();
  await engine.docker("cp", library, `${container}:/usr/lib/libfaketime.so.1`);
  const changes = Object.entries({ ...faketimeEnvironment(FILE), LD_PRELOAD: "/usr/lib/libfaketime.so.1" })
    .flatMap(([key, value]) => ["--change", `ENV ${key}=${value}`]);
  await engine.docker("commit", ...changes, container, name);
  await engine.docker("rm", container);
  return name;
}

/** Sets the clock of a client in its container to so many seconds from the true time. */
export async function setClientClock(pid: number, seconds: number): Promise<void> {
  await Deno.writeTextFile(`/proc/${pid}/root${FILE}`, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}s\n`);
}
