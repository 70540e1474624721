import { MAX_SKEW_MS } from "../../core/docker/engine_clock.ts";
import { type Fault, fault } from "../../core/faults/fault_table.ts";
import type { ServerFacts } from "./server_facts.ts";
import type { ContainerStatus, DockerStatus } from "../status/status_document.ts";

/**
 * The Engine's fault. Without an Engine nothing is known of the container. Where `route` lines and a client do without one, and none
 * was there in this run, it is not missed.
 */
export function engineFault({ docker, client, routes }: ServerFacts): Fault | undefined {
  const { state, fault: why, remedy, networks } = docker;
  if (state !== "connecting" || why === undefined) return undefined;
  if (networks.length === 0 && client !== null && routes.some(({ source }) => source === "config")) {
    return undefined;
  }
  return fault("docker.engine-down", { why }, remedy);
}

/** The clock of the Engine's machine, where it differs from this one's. */
export function clockFault(seconds: number | undefined): Fault | undefined {
  if (seconds === undefined || Math.abs(seconds) * 1000 <= MAX_SKEW_MS) return undefined;
  return fault("clock.skew", { seconds });
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
export function expectsClient({ docker: { state, container }, client }: ServerFacts): boolean {
  if (state === "off") return true;
  if (state === "connecting") return client !== null;
  return container === null || RUNS.has(container.state);
}
