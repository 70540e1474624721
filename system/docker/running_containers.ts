/**
 * Requests about the containers that run. Each throws {@linkcode DockerApiError} when the Engine refuses, and another
 * OperationError "unavailable" when it does not answer as an Engine does.
 *
 * @module
 */
import {
  type Container,
  type ListedContainer,
  readContainer,
  readListedContainers,
} from "../../core/docker/container.ts";
import { checkReply, type EngineClient, parseReply } from "./engine_client.ts";
import { DockerApiError } from "./engine_containers.ts";

/** Lists the running containers. The list may be a moment behind the events. */
export async function listRunning(engine: EngineClient): Promise<ListedContainer[]> {
  const reply = await engine.send("GET", "/containers/json");
  if (reply.status !== 200) throw new DockerApiError("list the running containers", reply);
  const listed = readListedContainers(parseReply(engine, reply));
  return checkReply(engine, listed, "the answer is no list of containers");
}

/** Reads a container, never behind the events; undefined if it does not run. */
export async function readRunning(engine: EngineClient, id: string): Promise<Container | undefined> {
  const reply = await engine.send("GET", `/containers/${encodeURIComponent(id)}/json`);
  // Podman has other words and another status for one that is being removed.
  if (reply.status === 404 || /no such container/i.test(reply.message)) return undefined;
  if (reply.status !== 200) throw new DockerApiError("read a container", reply);
  return readContainer(parseReply(engine, reply));
}
