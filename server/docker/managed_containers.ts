/**
 * Changes to managed containers: create, start, unpause, remove. Containers of other owners are never changed.
 *
 * @module
 */
import {
  CLIENT_CONTAINER,
  type ClientPlan,
  createBody,
  isClientCandidate,
  isManaged,
  lacksDevice,
} from "../../core/docker/client_container.ts";
import type { DockerContainer } from "../../core/docker/engine_json.ts";
import { clientSettings } from "../../core/doctor/client_settings.ts";
import { getLogger } from "../../program/log.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import {
  actOnContainer,
  createContainer,
  DockerApiError,
  inspectContainer,
  listContainers,
  removeContainer,
} from "../../system/docker/engine_containers.ts";

const log = getLogger("docker");

/** A container with its state before the change. */
type ContainerRef = Pick<DockerContainer, "id" | "state">;

/** A container that concerns the client, with its state and environment of this moment. */
export interface ClientCandidate {
  readonly container: DockerContainer;
  readonly environment: readonly string[];
  /** The words after the program. */
  readonly command: readonly string[];
}

/**
 * Lists the containers that concern the client.
 *
 * @param imageId id of the image that the client is made from, if known
 * @throws {OperationError} "unavailable"
 */
export async function listCandidates(
  engine: EngineClient,
  imageId: string | undefined,
): Promise<ClientCandidate[]> {
  const candidates: ClientCandidate[] = [];
  for (const container of await listContainers(engine)) {
    if (!isClientCandidate(container, imageId)) continue;
    // The list may still show the state before the event that caused this round.
    const details = await inspectContainer(engine, container.id);
    if (details === undefined) continue;
    const { state, ...settings } = details;
    candidates.push({ container: { ...container, state }, ...settings });
  }
  return candidates;
}

/** The port that the client in a container was told, as a field of the status; nothing unless it runs and was told one. */
export function portField(
  candidates: readonly ClientCandidate[],
  { id, state }: ContainerRef,
): { readonly port?: number } {
  const candidate = candidates.find(({ container }) => container.id === id);
  if (candidate === undefined || state !== "running") return {};
  const { port } = clientSettings(candidate.environment, candidate.command);
  return port === undefined ? {} : { port };
}

/**
 * Removes all managed containers, and no others.
 *
 * @returns their names
 * @throws {OperationError} "unavailable"
 */
export async function removeManagedContainers(engine: EngineClient): Promise<string[]> {
  const managed = (await listContainers(engine)).filter(isManaged);
  for (const container of managed) await removeContainer(engine, container);
  return managed.map(({ names, id }) => names[0] ?? id);
}

/**
 * Starts the client container, after it has made it where there is none; without the TUN device where the Engine's
 * machine has none, or has lost it since.
 *
 * @param plan what it is made from
 * @param onCreated called between the two
 * @returns the id of the container that runs
 */
export async function startClient(
  engine: EngineClient,
  container: ContainerRef | undefined,
  plan: () => Promise<ClientPlan>,
  onCreated: () => void,
): Promise<string> {
  const create = async (made: ClientPlan, hasDevice: boolean): Promise<ContainerRef> => {
    const id = await createContainer(engine, CLIENT_CONTAINER, createBody(made, hasDevice));
    log.info("client container created", { container: CLIENT_CONTAINER, image: made.image });
    onCreated();
    return { id, state: "created" };
  };
  let known = container;
  try {
    known ??= await create(await plan(), true);
    await changeState(engine, known, "start");
    return known.id;
  } catch (error) {
    if (!(error instanceof DockerApiError) || !lacksDevice(error.message)) throw error;
    const made = await plan();
    if (known !== undefined) await removeContainer(engine, known);
    log.info("the Docker Engine has no /dev/net/tun to pass on, so the client makes its own");
    const other = await create(made, false);
    await changeState(engine, other, "start");
    return other.id;
  }
}

export async function changeState(
  engine: EngineClient,
  { id, state }: ContainerRef,
  action: "start" | "unpause",
): Promise<void> {
  await actOnContainer(engine, id, action);
  const done = action === "start" ? "started" : "unpaused";
  log.info(`client container ${done}`, { container: CLIENT_CONTAINER, before: state });
}
