/**
 * Requests about containers: list, inspect, create, start, remove.
 *
 * Each throws {@linkcode DockerApiError} when the Engine refuses, and another OperationError "unavailable" when it does not
 * answer as an Engine does.
 *
 * @module
 */
import * as v from "valibot";
import {
  type DockerContainer,
  lenientList,
  NAME,
  parse,
  readContainers,
} from "../../core/docker/engine_json.ts";
import { OperationError } from "../../core/error.ts";
import { checkReply, type EngineClient, type EngineReply, parseReply } from "./engine_client.ts";

/** Time limit of a change to a container; a start may wait for a busy disk. */
const SLOW = { timeoutMs: 60_000 } as const;

/** Seconds until a container that does not end is killed; the client needs well under one. */
const GRACE = 5;

/** An error answer of the Engine, which is itself at work. */
export class DockerApiError extends OperationError {
  /** @param act the action in words, such as "start container web" */
  constructor(act: string, { status, message }: EngineReply, remedy = "") {
    super("unavailable", `Cannot ${act}: the Docker Engine answers ${message || status}`, remedy);
  }
}

/** Lists all containers, stopped ones too. */
export async function listContainers(engine: EngineClient): Promise<DockerContainer[]> {
  const reply = await engine.send("GET", "/containers/json?all=1");
  expectStatus(reply, [200], "list containers");
  return checkReply(engine, readContainers(parseReply(engine, reply)), "the answer is no list of containers");
}

const DETAILS = v.pipe(
  v.object({
    State: v.object({ Status: v.string() }),
    Config: v.fallback(v.object({ Env: lenientList(v.string()), Cmd: lenientList(v.string()) }), {
      Env: [],
      Cmd: [],
    }),
  }),
  v.transform(({ State, Config }) => ({
    state: State.Status,
    environment: Config.Env,
    command: Config.Cmd,
  })),
);

/**
 * State, environment and command of a container. The state is as in {@linkcode DockerContainer}, but never behind the events, which the
 * list may be. Environment and command may hold secrets.
 */
export type ContainerDetails = Readonly<v.InferOutput<typeof DETAILS>>;

/** Inspects a container; undefined if it is gone. */
export async function inspectContainer(
  engine: EngineClient,
  id: string,
): Promise<ContainerDetails | undefined> {
  const reply = await engine.send("GET", `${placeOf(id)}/json`);
  if (reply.status === 404) return undefined;
  expectStatus(reply, [200], "inspect the client container");
  return checkReply(engine, parse(DETAILS, parseReply(engine, reply)), "the answer is no container");
}

/** Creates a container by the body of `POST /containers/create`, and returns its id. */
export async function createContainer(
  engine: EngineClient,
  name: string,
  request: Readonly<Record<string, unknown>>,
): Promise<string> {
  const target = `/containers/create?name=${encodeURIComponent(name)}`;
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const body = { type: "application/json", length: bytes.length, chunks: [bytes] };
  const reply = await engine.send("POST", target, { body, ...SLOW });
  expectStatus(reply, [201], `create container ${name}`);
  return checkReply(engine, parse(WITH_ID, parseReply(engine, reply)), "the answer names no container").Id;
}

/** Starts, restarts or unpauses a container. One that runs already or is gone is not an error. */
export async function actOnContainer(
  engine: EngineClient,
  id: string,
  action: "start" | "restart" | "unpause",
): Promise<void> {
  const query = action === "restart" ? `?t=${GRACE}` : "";
  const reply = await engine.send("POST", `${placeOf(id)}/${action}${query}`, SLOW);
  expectStatus(reply, [204, 304, 404], `${action} the client container`);
}

/** Stops and removes a container, so that the client removes its firewall rules. */
export async function removeContainer(
  engine: EngineClient,
  { id, state }: Pick<DockerContainer, "id" | "state">,
): Promise<void> {
  // A paused one could neither end nor be killed.
  if (state === "paused") await actOnContainer(engine, id, "unpause");
  await engine.send("POST", `${placeOf(id)}/stop?t=${GRACE}`, SLOW);
  const reply = await engine.send("DELETE", `${placeOf(id)}?force=1`, SLOW);
  // 409: its removal is under way.
  expectStatus(reply, [200, 204, 404, 409], "remove a container");
}

function placeOf(id: string): string {
  return `/containers/${encodeURIComponent(id)}`;
}

function expectStatus(reply: EngineReply, fine: readonly number[], act: string): void {
  if (!fine.includes(reply.status)) throw new DockerApiError(act, reply);
}

/** An answer with the id of a container or an image. */
export const WITH_ID = v.object({ Id: NAME });
