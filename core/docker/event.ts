/**
 * The events of an Engine that concern the networks or the client container.
 *
 * @module
 */
import * as v from "valibot";
import { isClientName } from "./client_container.ts";
import { parseJson } from "./schema.ts";

/** A possible change: of the networks, or of the client container or its image. */
export type EngineChange = "networks" | "client";

/** The types of events to ask for. */
export const FOLLOWED_TYPES = ["network", "container", "image"] as const;

/** Actions on the containers of a network, which leave the networks as they are. */
const MEMBER_ACTIONS = ["connect", "disconnect"];

/** Actions that change whether a container runs and its name; others, such as "exec_start", come by the hundred. */
const LIFE_ACTIONS = ["create", "start", "die", "destroy", "remove", "pause", "unpause", "rename"];

const EVENT = v.object({
  Type: v.string(),
  Action: v.string(),
  Actor: v.fallback(v.object({ Attributes: v.fallback(v.record(v.string(), v.unknown()), {}) }), {
    Attributes: {},
  }),
});

/**
 * Tells what an event may have changed. An unreadable one counts as a change of the networks, after which everything is
 * listed.
 *
 * @param line one line of the answer to `GET /events`
 */
export function changeOf(line: string): EngineChange | undefined {
  if (line.trim() === "") return undefined;
  const event = parseJson(EVENT, line);
  if (event === undefined) return "networks";
  const { Type: type, Action: action, Actor: { Attributes: attributes } } = event;
  // Images change seldom, and their events name them in several ways.
  if (type === "image") return "client";
  if (type === "container") {
    return LIFE_ACTIONS.includes(action) && isClient(attributes) ? "client" : undefined;
  }
  return type !== "network" || MEMBER_ACTIONS.includes(action) ? undefined : "networks";
}

/** Tells whether the container is, was or may become the client, by its name, old name, image or labels. */
function isClient({ name, oldName, image, ...labels }: Readonly<Record<string, unknown>>): boolean {
  return isClientName(String(name), String(image), labels) ||
    isClientName(String(oldName).replace(/^\//, ""), "", {});
}
