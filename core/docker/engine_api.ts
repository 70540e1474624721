import * as v from "valibot";
import { isClientName } from "./client_container.ts";
import { parseJson } from "./engine_json.ts";

/**
 * The versions of the Engine's API whose answers this program knows. 1.24 is the oldest that Engine 25 to 28 accept, 1.44
 * the oldest that Engine 29 does (MinAPIVersion of moby's api/common.go); what is asked for here is the same in all of them.
 */
export const KNOWN_API_VERSIONS = { min: "1.24", max: "1.44" } as const;

/**
 * Chooses the newest version that both know, or the Engine's oldest if that is newer still: it is the nearest to the known
 * ones. It is undefined for an Engine that is too old and for texts that are not versions.
 *
 * @param max the newest version that the Engine speaks, as in "1.41"
 * @param min the oldest that it speaks, if it says so
 */
export function chooseApiVersion(max: string, min: string = KNOWN_API_VERSIONS.min): string | undefined {
  const known = KNOWN_API_VERSIONS;
  if (Number.isNaN(rank(min)) || !(rank(max) >= rank(known.min))) return undefined;
  if (rank(min) > rank(known.max)) return min;
  return rank(max) < rank(known.max) ? max : known.max;
}

// 1.9 comes before 1.10. NaN stands for texts that are not versions.
function rank(version: string): number {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})$/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor);
}

/** Possible changes that an event tells of. */
export interface EngineChanges {
  /** Whether the networks may have changed. */
  readonly networks: boolean;
  /** Whether the client container or its image may have changed. */
  readonly client: boolean;
  /** The id of a container that may have started, ended, or changed its name or its networks; "any": one of them all. */
  readonly container: string | undefined;
  /** When it happened by the Engine's clock, milliseconds since 1970; absent where the event does not say. */
  readonly time?: number;
}

/** The types of events to ask for. */
export const FOLLOWED_TYPES = ["network", "container", "image"] as const;

/** Actions on the containers of a network, which leave the networks as they are. */
const MEMBER_ACTIONS = ["connect", "disconnect"];

/** Actions that change whether a container runs and its name; others, such as "exec_start", come by the hundred. */
const LIFE_ACTIONS = ["create", "start", "die", "destroy", "remove", "pause", "unpause", "rename"];

const ATTRIBUTES = v.fallback(v.record(v.string(), v.unknown()), {});

const EVENT = v.object({
  Type: v.string(),
  Action: v.string(),
  // In seconds.
  time: v.fallback(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))), undefined),
  Actor: v.fallback(v.object({ ID: v.fallback(v.string(), ""), Attributes: ATTRIBUTES }), {
    ID: "",
    Attributes: {},
  }),
});

const NO_CHANGES: EngineChanges = { networks: false, client: false, container: undefined };

/**
 * Tells what an event, a line of the answer to `GET /events`, may have changed. An unreadable one counts as a change of the
 * networks, after which everything is listed.
 */
export function changesOf(line: string): EngineChanges {
  if (line.trim() === "") return NO_CHANGES;
  const event = parseJson(EVENT, line);
  if (event === undefined) return { ...NO_CHANGES, networks: true };
  const changes = changesOfEvent(event);
  return event.time === undefined ? changes : { ...changes, time: event.time * 1000 };
}

function changesOfEvent(event: v.InferOutput<typeof EVENT>): EngineChanges {
  const { Type: type, Action: action, Actor: { ID: id, Attributes: attributes } } = event;
  // Images change seldom, and their events name them in several ways.
  if (type === "image") return { ...NO_CHANGES, client: true };
  if (type === "container") {
    if (!LIFE_ACTIONS.includes(action)) return NO_CHANGES;
    return { networks: false, client: isClient(attributes), container: containerId(id) };
  }
  if (type !== "network") return NO_CHANGES;
  if (!MEMBER_ACTIONS.includes(action)) return { ...NO_CHANGES, networks: true };
  return { ...NO_CHANGES, container: containerId(attributes.container) };
}

function containerId(id: unknown): string {
  return typeof id === "string" && /^[0-9a-f]{64}$/.test(id) ? id : "any";
}

/** Tells whether the container is, was or may become the client, by its name, old name, image or labels. */
function isClient({ name, oldName, image, ...labels }: Readonly<Record<string, unknown>>): boolean {
  return isClientName(String(name), String(image), labels) ||
    isClientName(String(oldName).replace(/^\//, ""), "", {});
}
