/**
 * The events of an Engine, as far as they matter here.
 *
 * @module
 */
import { isClientName } from "./client_container.ts";
import { fieldsOf } from "./fields.ts";

/** What may have changed: the networks, or the client container or the image that it is made from. */
export type EngineChange = "networks" | "client";

/** The types of events to ask for. */
export const FOLLOWED_TYPES = ["network", "container", "image"] as const;

/** What happens to containers of a network, which leaves the networks themselves as they are. */
const OF_CONTAINERS = ["connect", "disconnect"];

/** What changes whether a container runs and under which name; others, such as "exec_start", come by the hundred. */
const OF_LIFE = ["create", "start", "die", "destroy", "remove", "pause", "unpause", "rename"];

/**
 * What an event may have changed. What cannot be read may mean anything, so it counts as a change of the networks,
 * after which everything is looked at.
 *
 * @param line one line of the answer to `GET /events`
 */
export function changeOf(line: string): EngineChange | undefined {
  if (line.trim() === "") return undefined;
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return "networks";
  }
  const { Type: type, Action: action, Actor: actor } = fieldsOf(event);
  // Images change seldom, and their events name them in several ways.
  if (type === "image") return "client";
  if (type === "container") {
    return (typeof action !== "string" || OF_LIFE.includes(action)) && isOfClient(actor)
      ? "client"
      : undefined;
  }
  if (typeof type === "string" && type !== "network") return undefined;
  return typeof action === "string" && OF_CONTAINERS.includes(action) ? undefined : "networks";
}

/** Whether the container is, was or may become the client: by its name, its name before, or its image. */
function isOfClient(actor: unknown): boolean {
  const { name, oldName, image, ...labels } = fieldsOf(fieldsOf(actor)["Attributes"]);
  const text = (value: unknown) => typeof value === "string" ? value : "";
  return isClientName(text(name), text(image), labels) ||
    isClientName(text(oldName).replace(/^\//, ""), "", {});
}
