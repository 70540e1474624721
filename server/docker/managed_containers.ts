/**
 * Takes away client containers that a run has kept and that nobody keeps any more.
 *
 * @module
 */
import { isManaged } from "../../core/docker/client_container.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { listContainers, removeContainer } from "../../system/docker/engine_containers.ts";

/**
 * Removes the containers that carry the label of a kept one, and no others.
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
