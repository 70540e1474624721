import { removeStaleSocket } from "../../system/control/control_socket.ts";
import { OperationError } from "../../core/error.ts";
import { actOnContainer } from "../../system/docker/engine_containers.ts";
import { connectDocker } from "../../system/docker/search/connect_docker.ts";
import { cleanInterface } from "../cleanup.ts";
import { clientCandidate, isClient } from "./checks/container.ts";
import type { Examination } from "./examination.ts";

/**
 * Does what is safe: starts the client container that was stopped or paused, and takes away what a killed run has left where
 * no server runs. A running server puts its routes and its interface right by itself.
 *
 * @returns what was done, in words that follow "fixed"; what failed is among it
 */
export async function fixWhatIsSafe(examination: Examination): Promise<string[]> {
  if (!examination.isRoot) return [];
  const done: string[] = [];
  const attempt = async (what: string, work: () => Promise<readonly string[]>) => {
    try {
      done.push(...await work());
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      done.push(`nothing: ${what} failed: ${error.report}`);
    }
  };
  await attempt("starting the client container", () => startContainer(examination));
  if (examination.status.error?.code === "not-running") {
    const { control } = examination;
    await attempt("removing what a killed run has left", async () => {
      const removed = await cleanInterface(control);
      const socket = await removeStaleSocket(control) ? [`control socket ${control}`] : [];
      return [...removed, ...socket].map((thing) => `a leftover of a killed run: removed ${thing}`);
    });
  }
  return done;
}

async function startContainer(examination: Examination): Promise<string[]> {
  const container = clientCandidate(examination)?.container;
  const path = examination.engine?.value?.client.path;
  if (container === undefined || path === undefined || !isClient(container)) return [];
  // A managed one is the running server's, or of a server that does not run.
  const isStopped = ["exited", "created", "paused"].includes(container.state);
  if (!isStopped || examination.status.value === undefined) return [];
  // A client of its own, without the time limit of the checks.
  const engine = await connectDocker({ paths: [path] });
  const isPaused = container.state === "paused";
  await actOnContainer(engine, container.id, isPaused ? "unpause" : "start");
  return [`the client container: ${isPaused ? "unpaused" : "started"} ${container.names[0] ?? container.id}`];
}
