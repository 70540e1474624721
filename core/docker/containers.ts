/**
 * The containers in the answer to `GET /containers/json`.
 *
 * @module
 */
import * as v from "valibot";
import { lenientList, NAME, parse, TEXT } from "./schema.ts";

/** More containers than this are left out; each takes about 1 KB. */
const MAX_CONTAINERS = 16_384;

/** A container, as far as the client container needs it. */
export interface DockerContainer {
  /** The Engine's id of it, 64 hexadecimal digits. */
  readonly id: string;
  /** Its names, without the slash that the API puts before them. */
  readonly names: readonly string[];
  /** The image's name when the container was created; an id if another image has that name now. */
  readonly image: string;
  /** The image's id. */
  readonly imageId: string;
  /** "created", "running", "paused", "restarting", "removing", "exited" or "dead". */
  readonly state: string;
  /** "host", "bridge", "default" and the like; absent where the Engine does not say. */
  readonly networkMode?: string;
  /** Its labels, with those of its image. */
  readonly labels: Readonly<Record<string, string>>;
}

const CONTAINER = v.pipe(
  v.object({
    Id: NAME,
    Names: lenientList(TEXT),
    Image: TEXT,
    ImageID: TEXT,
    State: TEXT,
    Labels: v.fallback(v.record(v.string(), v.unknown()), {}),
    HostConfig: v.fallback(v.object({ NetworkMode: v.optional(NAME) }), {}),
  }),
  v.transform((
    { Id, Names, Image, ImageID, State, Labels, HostConfig: { NetworkMode } },
  ): DockerContainer => ({
    id: Id,
    names: Names.map((name) => name.replace(/^\//, "")),
    image: Image,
    imageId: ImageID,
    state: State,
    ...NetworkMode === undefined ? {} : { networkMode: NetworkMode },
    labels: Object.fromEntries(
      Object.entries(Labels).filter((label): label is [string, string] => v.is(TEXT, label[1])),
    ),
  })),
);

/**
 * Reads the answer to `GET /containers/json`. Entries that cannot be read are left out.
 *
 * @returns undefined if the value is not a list
 */
export function readContainers(answer: unknown): DockerContainer[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  return answer.slice(0, MAX_CONTAINERS).flatMap((entry) => parse(CONTAINER, entry) ?? []);
}
