import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { ContainerStatus, DockerStatus } from "../status/status_document.ts";

/** The Engine's fault. Without an Engine nothing is known of the container. */
export function engineFault({ state, fault: why, remedy }: DockerStatus): Fault | undefined {
  if (state !== "connecting" || why === undefined) return undefined;
  return fault("docker.engine-down", { why }, remedy);
}

/** What keeps the client container from running, or from running with the newest image. */
export function containerFault({ container }: DockerStatus): Fault | undefined {
  if (container === null) return undefined;
  const { name, state, fault: why, remedy } = container;
  switch (state) {
    case "conflict":
      return fault("container.conflict", { name }, remedy);
    case "stopped":
    case "restarting":
      return fault("container.stopped", { name, why: why ?? "it ends soon after each start" }, remedy);
    case "running":
      return why === undefined ? undefined : fault("container.outdated", { why }, remedy);
    default:
      return why === undefined ? undefined : fault("container.missing", { why }, remedy);
  }
}

/** States in which there is a client that can be heard, as far as this program knows. */
const RUNS: ReadonlySet<ContainerStatus["state"]> = new Set(["off", "external", "running"]);

/** Whether a client is to be expected: not while the Engine is looked for, nor while the container is being made. */
export function expectsClient({ state, container }: DockerStatus): boolean {
  if (state === "off") return true;
  return state === "connected" && (container === null || RUNS.has(container.state));
}
