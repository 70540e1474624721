/**
 * The raw stream of `docker exec` through an Engine's API: what bytes between the desktop and a container cost that go neither
 * through a tunnel nor through a published port.
 *
 * @module
 */
import { compiledProgram } from "./compiled_program.ts";
import type { DockerEngine } from "./docker_engine.ts";
import { mustRun } from "./process.ts";

/** What is run in the container. */
const COMMANDS = {
  to: ["sh", "-c", "/busybox cat > /dev/null"],
  from: ["cat", "/dev/zero"],
  echo: ["cat"],
} as const;

/** Seconds that a command in the container may outlive its run by, and milliseconds for all of it. */
const GRACE = 2;
const DEADLINE = 40_000;

/** Bytes that came through, and how long that took. */
export interface StreamReport {
  readonly bytes: number;
  readonly seconds: number;
}

async function run(
  engine: DockerEngine,
  container: string,
  mode: keyof typeof COMMANDS,
  seconds: number,
): Promise<string> {
  // An Engine goes on reading what a command writes after its reader has gone, so each one ends by itself.
  const limit = ["/busybox", "timeout", "-s", "KILL", String(Math.ceil(seconds) + GRACE), "/busybox"];
  const answer = await engine.request("POST", `/containers/${container}/exec`, {
    AttachStdin: mode !== "from",
    AttachStdout: true,
    AttachStderr: false,
    Tty: false,
    Cmd: [...limit, ...COMMANDS[mode]],
  });
  const { Id } = JSON.parse(answer);
  const program = await compiledProgram("exec_stream");
  return await mustRun([program, engine.socket, Id, mode, String(seconds)], {
    deadline: seconds * 1000 + DEADLINE,
  });
}

/** One stream of zeros to or from a container that has /busybox. */
export async function runExecStream(
  engine: DockerEngine,
  container: string,
  direction: "to" | "from",
  seconds: number,
): Promise<StreamReport> {
  return JSON.parse(await run(engine, container, direction, seconds));
}

/** Microseconds of each round trip of 64 bytes through `cat` in a container that has /busybox. */
export async function runExecEchoes(
  engine: DockerEngine,
  container: string,
  seconds: number,
): Promise<number[]> {
  return JSON.parse(await run(engine, container, "echo", seconds)).microseconds;
}
