/**
 * Reads the Docker Engine's JSON, which may be anything: the containers of `GET /containers/json`, the bridge networks of
 * `GET /networks`, and the schemas that other readers share.
 *
 * @module
 */
import * as v from "valibot";
import { formatPrefix, maskPrefix, parsePrefix, type Prefix } from "../net/prefix.ts";

/**
 * A schema of any input.
 *
 * @internal
 */
export type Schema<Output> = v.GenericSchema<unknown, Output>;

/** A text of bounded length; an id has 64 characters, an image's name a few hundred. */
export const TEXT: Schema<string> = v.pipe(v.string(), v.maxLength(512));

/** A text that is not empty, such as an id. */
export const NAME: Schema<string> = v.pipe(TEXT, v.nonEmpty());

/** Builds the schema of a list whose unfit items are left out; anything but a list counts as empty. */
export function lenientList<Item>(item: Schema<Item>): Schema<Item[]> {
  return v.pipe(
    v.fallback(v.array(v.unknown()), []),
    v.transform((items) => items.filter((value): value is Item => v.is(item, value))),
  );
}

/** Parses a value; undefined if it does not fit the schema. */
export function parse<T>(schema: Schema<T>, value: unknown): T | undefined {
  const { success, output } = v.safeParse(schema, value, { abortEarly: true });
  return success ? output : undefined;
}

/** Parses JSON; undefined if the text is not JSON or does not fit the schema. */
export function parseJson<T>(schema: Schema<T>, text: string): T | undefined {
  return parse(v.pipe(v.string(), v.parseJson(), schema), text);
}

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

/** More containers than this are left out; each takes about 1 KB. */
const MAX_CONTAINERS = 16_384;

/** Labels; those that are no texts or too long are left out. */
export const LABELS: Schema<Record<string, string>> = v.pipe(
  v.fallback(v.record(v.string(), v.unknown()), {}),
  v.transform((all) =>
    Object.fromEntries(
      Object.entries(all).filter((label): label is [string, string] => v.is(TEXT, label[1])),
    )
  ),
);

const CONTAINER = v.pipe(
  v.object({
    Id: NAME,
    Names: lenientList(TEXT),
    Image: TEXT,
    ImageID: TEXT,
    State: TEXT,
    Labels: LABELS,
    HostConfig: v.fallback(v.object({ NetworkMode: v.optional(NAME) }), {}),
  }),
  v.transform((read): DockerContainer => ({
    id: read.Id,
    names: read.Names.map((name) => name.replace(/^\//, "")),
    image: read.Image,
    imageId: read.ImageID,
    state: read.State,
    ...read.HostConfig.NetworkMode === undefined ? {} : { networkMode: read.HostConfig.NetworkMode },
    labels: read.Labels,
  })),
);

/** Reads the answer to `GET /containers/json` without unreadable entries; undefined if the value is not a list. */
export function readContainers(answer: unknown): DockerContainer[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  return answer.slice(0, MAX_CONTAINERS).flatMap((entry) => parse(CONTAINER, entry) ?? []);
}

/** A network of the driver "bridge". */
export interface DockerNetwork {
  /** The Engine's id of it. */
  readonly id: string;
  /** Its name, as in `docker network ls`. */
  readonly name: string;
  /** IPv4 and IPv6 subnets without host bits and without duplicates. */
  readonly subnets: readonly Prefix[];
}

/** The content of an answer. */
export interface NetworkList {
  /** The bridge networks, ordered by name, then by id. */
  readonly networks: readonly DockerNetwork[];
  /** Number of entries and subnets that cannot be read. */
  readonly unreadable: number;
}

/** More networks than this are left out: each is an interface of the Engine's machine, which has few thousand. */
const MAX_NETWORKS = 4096;

/** Subnets of one network; the Engine allows any number, one or two are usual. */
const MAX_SUBNETS = 64;

const NETWORK = v.object({
  Id: v.pipe(NAME, v.maxLength(256)),
  Name: v.pipe(NAME, v.maxLength(256)),
  Driver: v.string(),
  IPAM: v.fallback(v.object({ Config: v.fallback(v.array(v.unknown()), []) }), { Config: [] }),
});

const POOL = v.object({ Subnet: v.string() });

/**
 * Reads the answer to `GET /networks`; undefined if the value is not a list. Networks of other drivers, such as host,
 * macvlan and overlay, are left out.
 */
export function readNetworks(answer: unknown): NetworkList | undefined {
  if (!Array.isArray(answer)) return undefined;
  const networks: DockerNetwork[] = [];
  let unreadable = 0;
  for (const entry of answer) {
    const network = parse(NETWORK, entry);
    if (network === undefined || networks.length === MAX_NETWORKS) {
      unreadable++;
      continue;
    }
    if (network.Driver !== "bridge") continue;
    const subnets = new Map<string, Prefix>();
    for (const pool of network.IPAM.Config.slice(0, MAX_SUBNETS)) {
      const prefix = parsePrefix(parse(POOL, pool)?.Subnet ?? "");
      if (prefix === undefined) unreadable++;
      else subnets.set(formatPrefix(maskPrefix(prefix)), maskPrefix(prefix));
    }
    networks.push({ id: network.Id, name: network.Name, subnets: [...subnets.values()] });
  }
  networks.sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.id, b.id));
  return { networks, unreadable };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
