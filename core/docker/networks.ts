/**
 * The Docker networks in an answer of the Engine.
 *
 * @module
 */
import { fieldsOf } from "./fields.ts";
import { formatPrefix, maskPrefix, parsePrefix, type Prefix } from "../net/prefix.ts";

/** A network of the driver "bridge". */
export interface DockerNetwork {
  /** The Engine's id of it. */
  readonly id: string;
  /** As in `docker network ls`. */
  readonly name: string;
  /** IPv4 and IPv6 subnets, host bits clear, none twice. */
  readonly subnets: readonly Prefix[];
}

/** What an answer holds. */
export interface NetworkList {
  /** The bridge networks, ordered by name, then by id. */
  readonly networks: readonly DockerNetwork[];
  /** Entries and subnets that could not be read. */
  readonly unreadable: number;
}

/** More networks than this are left out: each is an interface of the Engine's machine, which has few thousand. */
const MOST_NETWORKS = 4096;

/** Subnets of one network; the Engine allows any number, one or two are usual. */
const MOST_SUBNETS = 64;

/** Characters of a name or an id; an id has 64. */
const LONGEST_NAME = 256;

/**
 * Reads the answer to `GET /networks`. Networks of other drivers, such as host, macvlan and overlay, are left out.
 *
 * @param answer the answer's JSON value, which may be anything
 * @returns undefined if it is no list
 */
export function readNetworks(answer: unknown): NetworkList | undefined {
  if (!Array.isArray(answer)) return undefined;
  const networks: DockerNetwork[] = [];
  let unreadable = 0;
  for (const entry of answer) {
    const read = readNetwork(entry);
    if (read === undefined || networks.length === MOST_NETWORKS) unreadable++;
    else if (read.network !== undefined) {
      networks.push(read.network);
      unreadable += read.unreadable;
    }
  }
  networks.sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.id, b.id));
  return { networks, unreadable };
}

/** An entry's network, absent where the driver is another one; undefined for an entry without the needed fields. */
function readNetwork(entry: unknown): { network?: DockerNetwork; unreadable: number } | undefined {
  const { Id: id, Name: name, Driver: driver, IPAM: ipam } = fieldsOf(entry);
  if (typeof driver !== "string" || !isName(id) || !isName(name)) return undefined;
  if (driver !== "bridge") return { unreadable: 0 };
  const { Config: config } = fieldsOf(ipam);
  const subnets = new Map<string, Prefix>();
  let unreadable = 0;
  for (const pool of Array.isArray(config) ? config.slice(0, MOST_SUBNETS) : []) {
    const { Subnet: text } = fieldsOf(pool);
    const prefix = typeof text === "string" ? parsePrefix(text) : undefined;
    if (prefix === undefined) unreadable++;
    else subnets.set(formatPrefix(maskPrefix(prefix)), maskPrefix(prefix));
  }
  return { network: { id, name, subnets: [...subnets.values()] }, unreadable };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
