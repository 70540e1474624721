/**
 * The bridge networks in the answer to `GET /networks`.
 *
 * @module
 */
import * as v from "valibot";
import { formatPrefix, maskPrefix, parsePrefix, type Prefix } from "../net/prefix.ts";
import { parse } from "./schema.ts";

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

/** A name or an id; an id has 64 characters. */
const NETWORK_NAME = v.pipe(v.string(), v.nonEmpty(), v.maxLength(256));

const NETWORK = v.object({
  Id: NETWORK_NAME,
  Name: NETWORK_NAME,
  Driver: v.string(),
  IPAM: v.fallback(v.object({ Config: v.fallback(v.array(v.unknown()), []) }), { Config: [] }),
});

const POOL = v.object({ Subnet: v.string() });

/**
 * Reads the answer to `GET /networks`. Networks of other drivers, such as host, macvlan and overlay, are left out.
 *
 * @returns undefined if the value is not a list
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
