/**
 * The containers in an answer of the Engine.
 *
 * @module
 */
import { fieldsOf } from "./fields.ts";

/** A container, as far as it matters for keeping one of them running. */
export interface DockerContainer {
  /** The Engine's id of it, 64 hexadecimal digits. */
  readonly id: string;
  /** Its names, without the slash that the API puts before them. */
  readonly names: readonly string[];
  /** The image as it was named when the container was made; an id where that name has gone to another image. */
  readonly image: string;
  /** The image's id. */
  readonly imageId: string;
  /** "created", "running", "paused", "restarting", "removing", "exited" or "dead". */
  readonly state: string;
  /** "host", "bridge", "default" and the like; absent where the Engine does not say. */
  readonly networkMode?: string;
  /** Its labels, those of its image among them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** More than this are left out; each takes about 1 KB. */
const MAX_CONTAINERS = 16_384;

/** Characters of an id, a name or a state; an id has 64, a name of an image a few hundred at most. */
const MAX_TEXT = 512;

/**
 * Reads the answer to `GET /containers/json`. Entries that cannot be read are left out.
 *
 * @param answer the answer's JSON value, which may be anything
 * @returns undefined if it is no list
 */
export function readContainers(answer: unknown): DockerContainer[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  const containers: DockerContainer[] = [];
  for (const entry of answer.slice(0, MAX_CONTAINERS)) {
    const { Id: id, Names: names, Image: image, ImageID: imageId, State: state, Labels: labels, HostConfig } =
      fieldsOf(entry);
    const { NetworkMode: networkMode } = fieldsOf(HostConfig);
    if (!isText(id) || id === "" || !isText(image) || !isText(imageId) || !isText(state)) continue;
    containers.push({
      id,
      names: (Array.isArray(names) ? names.filter(isText) : []).map((name) => name.replace(/^\//, "")),
      image,
      imageId,
      state,
      ...isText(networkMode) && networkMode !== "" ? { networkMode } : {},
      labels: Object.fromEntries(
        Object.entries(fieldsOf(labels)).filter((label): label is [string, string] => isText(label[1])),
      ),
    });
  }
  return containers;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT;
}
