/**
 * Requests about containers: list, inspect, create, start, remove.
 *
 * @module
 */
import * as v from "valibot";
import { type DockerContainer, readContainers } from "../../core/docker/containers.ts";
import { lenientList, NAME, parse } from "../../core/docker/schema.ts";
import { OperationError } from "../../core/error.ts";
import { MalformedResponse } from "./buffered_reader.ts";
import type { EngineClient, EngineReply } from "./engine_client.ts";
import { toDockerError } from "./docker_error.ts";

/** Time limit of a change to a container; a start may wait for a busy disk. */
const ACTION_TIMEOUT_MS = 60_000;

/** Seconds until a container that does not end is killed; the client needs well under one. */
const GRACE = 5;

/** An error answer of the Engine, which is itself at work. */
export class DockerApiError extends OperationError {
  /**
   * @param act the action in words, such as "start container web"
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
 * Lists all containers, stopped ones too.
 *
 * @throws {OperationError} "unavailable"
 */
export async function listContainers(engine: EngineClient): Promise<DockerContainer[]> {
  const reply = await engine.send("GET", "/containers/json?all=1");
  if (reply.status !== 200) throw new DockerApiError("list containers", reply);
  return checkReply(engine, readContainers(parseReply(engine, reply)), "the answer is no list of containers");
}

const DETAILS = v.pipe(
  v.object({
    State: v.object({ Status: v.string() }),
    Config: v.fallback(v.object({ Env: lenientList(v.string()) }), { Env: [] }),
  }),
  v.transform(({ State, Config }) => ({
    /** As in {@linkcode DockerContainer}, but never behind the events, which the list may be. */
    state: State.Status,
    /** The environment. It may hold secrets. */
    environment: Config.Env,
  })),
);

/** State and environment of a container. */
export type ContainerDetails = Readonly<v.InferOutput<typeof DETAILS>>;

/**
 * Inspects a container; undefined if it is gone.
 *
 * @throws {OperationError} "unavailable"
 */
export async function inspectContainer(
  engine: EngineClient,
  id: string,
): Promise<ContainerDetails | undefined> {
  const reply = await engine.send("GET", `/containers/${encodeURIComponent(id)}/json`);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw new DockerApiError("inspect the client container", reply);
  return checkReply(engine, parse(DETAILS, parseReply(engine, reply)), "the answer is no container");
}

/**
 * Creates a container.
 *
 * @param request the body of `POST /containers/create`
 * @returns its id
 * @throws {DockerApiError} when the Engine refuses; {OperationError} "unavailable"
 */
export async function createContainer(
  engine: EngineClient,
  name: string,
  request: Readonly<Record<string, unknown>>,
): Promise<string> {
  const target = `/containers/create?name=${encodeURIComponent(name)}`;
  const reply = await engine.send("POST", target, { json: request, timeoutMs: ACTION_TIMEOUT_MS });
  if (reply.status !== 201) throw new DockerApiError(`create container ${name}`, reply);
  return checkReply(engine, parse(WITH_ID, parseReply(engine, reply)), "the answer names no container").Id;
}

/**
 * Starts or unpauses a container. One that runs already or is gone is not an error.
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
 * Stops and removes a container, so that the client removes its firewall rules.
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

/** Returns a parsed answer, or throws what is wrong with it. */
function checkReply<T>({ path }: EngineClient, value: T | undefined, problem: string): T {
  if (value === undefined) throw toDockerError(path, new MalformedResponse(problem));
  return value;
}

/** An answer with the id of a container or an image. */
export const WITH_ID = v.object({ Id: NAME });

/** Parses the JSON of an answer. */
export function parseReply(engine: EngineClient, { text }: EngineReply): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw toDockerError(engine.path, error);
  }
}
