/**
 * Changes to managed containers: create, start, unpause, remove. Containers of other owners are never changed.
 *
 * @module
 */
import { retryPause } from "../../core/async/backoff.ts";
import {
  CLIENT_CONTAINER,
  type ClientPlan,
  createBody,
  isManaged,
  lacksDevice,
} from "../../core/docker/client_container.ts";
import type { DockerContainer } from "../../core/docker/containers.ts";
import { OperationError } from "../../core/error.ts";
import { getLogger } from "../../program/log.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import {
  actOnContainer,
  createContainer,
  DockerApiError,
  listContainers,
  removeContainer,
} from "../../system/docker/engine_containers.ts";

const log = getLogger("docker");

/** A container with its state before the change. */
type ContainerRef = Pick<DockerContainer, "id" | "state">;

/**
 * Removes all managed containers, and no others.
 *
 * @returns their names
 * @throws {OperationError} "unavailable"
 */
export async function removeManagedContainers(engine: EngineClient): Promise<string[]> {
  const removed: string[] = [];
  for (const container of await listContainers(engine)) {
    if (!isManaged(container)) continue;
    await removeContainer(engine, container);
    removed.push(container.names[0] ?? container.id);
  }
  return removed;
}

/**
 * Creates the client container and starts it; without the TUN device where the Engine's machine has none.
 *
 * @param onCreated called between the two, when the container has its key
 */
export async function createClient(
  engine: EngineClient,
  plan: ClientPlan,
  onCreated: () => Promise<void>,
  hasDevice = true,
): Promise<void> {
  let created: ContainerRef | undefined;
  try {
    const id = await createContainer(engine, CLIENT_CONTAINER, createBody(plan, hasDevice));
    created = { id, state: "created" };
    log.info("client container created", { container: CLIENT_CONTAINER, image: plan.image });
    await onCreated();
    await changeState(engine, created, "start");
  } catch (error) {
    if (!hasDevice || !isLackOfDevice(error)) throw error;
    if (created !== undefined) await removeContainer(engine, created);
    await createWithoutDevice(engine, plan, onCreated);
  }
}

/** Starts the client container; creates it again if its machine has lost the TUN device since. */
export async function startClient(
  engine: EngineClient,
  container: ContainerRef,
  plan: () => Promise<ClientPlan>,
  onCreated: () => Promise<void>,
): Promise<void> {
  try {
    await changeState(engine, container, "start");
  } catch (error) {
    if (!isLackOfDevice(error)) throw error;
    const newPlan = await plan();
    await removeContainer(engine, container);
    await createWithoutDevice(engine, newPlan, onCreated);
  }
}

async function createWithoutDevice(
  engine: EngineClient,
  plan: ClientPlan,
  onCreated: () => Promise<void>,
): Promise<void> {
  log.info("the Docker Engine has no /dev/net/tun to pass on, so the client makes its own");
  await createClient(engine, plan, onCreated, false);
}

/** Starts or unpauses the client container. */
export async function changeState(
  engine: EngineClient,
  { id, state }: ContainerRef,
  action: "start" | "unpause",
): Promise<void> {
  await actOnContainer(engine, id, action);
  const done = action === "start" ? "started" : "unpaused";
  log.info(`client container ${done}`, { container: CLIENT_CONTAINER, before: state });
}

function isLackOfDevice(error: unknown): boolean {
  return error instanceof DockerApiError && lacksDevice(error.message);
}

/** Wraps an error of this work that is not yet in words for people. */
export function toContainerError(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new OperationError("failure", `Cannot manage the client container: ${words}`, "", { cause: error });
}

/**
 * Returns the milliseconds until the next attempt. It is short where the connection was lost: the watcher soon knows
 * whether the Engine has gone, and no event says that only its socket was away.
 */
export function containerRetryPause({ cause }: OperationError, failures: number): number {
  return isConnectionLost(cause) ? 1000 : retryPause(failures, false);
}
