/**
 * Containers of an Engine: looked at, made, started, stopped, removed.
 *
 * @module
 */
import { type DockerContainer, readContainers } from "../../core/docker/containers.ts";
import { fieldsOf } from "../../core/docker/fields.ts";
import { OperationError } from "../../core/error.ts";
import { MalformedResponse } from "./buffered_reader.ts";
import type { EngineClient, EngineReply } from "./engine_client.ts";
import { toDockerError } from "./docker_error.ts";

/** Milliseconds for what the Engine does to a container; starting one may wait for a busy disk. */
const ACTION_TIMEOUT_MS = 60_000;

/** Seconds that a container is given to end before it is killed; the client needs well under one. */
const GRACE = 5;

/** An action that the Engine has refused, which says nothing against the Engine. */
export class DockerApiError extends OperationError {
  /**
   * Words a refusal.
   *
   * @param act what was to be done, such as "start container web"
   * @param reply the Engine's answer
   * @param remedy what to do about it
   */
  constructor(act: string, { status, message }: EngineReply, remedy = "") {
    super(
      "unavailable",
      `Cannot ${act}: the Docker Engine answers ${message === "" ? status : message}`,
      remedy,
    );
  }
}

/**
 * All containers, stopped ones too.
 *
 * @throws {OperationError} "unavailable"
 */
export async function listContainers(engine: EngineClient): Promise<DockerContainer[]> {
  const reply = await engine.send("GET", "/containers/json?all=1");
  if (reply.status !== 200) throw new DockerApiError("list containers", reply);
  const containers = readContainers(parseReply(engine, reply));
  if (containers === undefined) {
    throw toDockerError(engine.path, new MalformedResponse("the answer is no list of containers"));
  }
  return containers;
}

/** What a container is now, and what it was made with. */
export interface ContainerDetails {
  /** As in {@linkcode DockerContainer}, but never behind the events, which the list may be. */
  readonly state: string;
  /** Its environment. It may hold secrets. */
  readonly environment: readonly string[];
}

/**
 * Looks at one container; undefined if it has gone.
 *
 * @throws {OperationError} "unavailable"
 */
export async function inspectContainer(
  engine: EngineClient,
  id: string,
): Promise<ContainerDetails | undefined> {
  const reply = await engine.send("GET", `/containers/${encodeURIComponent(id)}/json`);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw new DockerApiError("look at the client container", reply);
  const { State: state, Config: config } = fieldsOf(parseReply(engine, reply));
  const { Status: status } = fieldsOf(state);
  const { Env: environment } = fieldsOf(config);
  if (typeof status !== "string") {
    throw toDockerError(engine.path, new MalformedResponse("the answer is no container"));
  }
  return {
    state: status,
    environment: Array.isArray(environment) ? environment.filter((line) => typeof line === "string") : [],
  };
}

/**
 * Makes a container.
 *
 * @param request the body of `POST /containers/create`
 * @returns its id
 * @throws {DockerApiError} when the Engine does not want to; {OperationError} "unavailable"
 */
export async function createContainer(
  engine: EngineClient,
  name: string,
  request: Readonly<Record<string, unknown>>,
): Promise<string> {
  const target = `/containers/create?name=${encodeURIComponent(name)}`;
  const reply = await engine.send("POST", target, { json: request, timeoutMs: ACTION_TIMEOUT_MS });
  if (reply.status !== 201) throw new DockerApiError(`create container ${name}`, reply);
  const { Id: id } = fieldsOf(parseReply(engine, reply));
  if (typeof id !== "string" || id === "") {
    throw toDockerError(engine.path, new MalformedResponse("the answer names no container"));
  }
  return id;
}

/**
 * Starts or unpauses a container. One that runs already, or has gone, is no fault: an event tells.
 *
 * @throws {DockerApiError} when it does not start; {OperationError} "unavailable"
 */
export async function actOnContainer(
  engine: EngineClient,
  id: string,
  action: "start" | "unpause",
): Promise<void> {
  const target = `/containers/${encodeURIComponent(id)}/${action}`;
  const reply = await engine.send("POST", target, { timeoutMs: ACTION_TIMEOUT_MS });
  if (![204, 304, 404].includes(reply.status)) {
    throw new DockerApiError(`${action} the client container`, reply);
  }
}

/**
 * Removes a container. It is asked to end first, so that the client takes its firewall rules along.
 *
 * @throws {DockerApiError} when it stays; {OperationError} "unavailable"
 */
export async function removeContainer(
  engine: EngineClient,
  { id, state }: Pick<DockerContainer, "id" | "state">,
): Promise<void> {
  const place = `/containers/${encodeURIComponent(id)}`;
  // A paused one could neither end nor be killed.
  if (state === "paused") await actOnContainer(engine, id, "unpause");
  await engine.send("POST", `${place}/stop?t=${GRACE}`, { timeoutMs: ACTION_TIMEOUT_MS });
  const reply = await engine.send("DELETE", `${place}?force=1`, { timeoutMs: ACTION_TIMEOUT_MS });
  // 409: its removal is under way.
  if (![200, 204, 404, 409].includes(reply.status)) throw new DockerApiError("remove a container", reply);
}

/** The JSON of an answer. */
export function parseReply(engine: EngineClient, { text }: EngineReply): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw toDockerError(engine.path, error);
  }
}
