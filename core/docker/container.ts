/**
 * The running containers, as the Engine describes them: what names, lists and metrics are made from.
 *
 * @module
 */
import * as v from "valibot";
import { type IpAddress, parseAddress } from "../net/address.ts";
import { LABELS, lenientList, NAME, parse, type Schema, TEXT } from "./engine_json.ts";

/** A network of a container. */
export interface ContainerNetwork {
  /** The Engine's id of the network; empty while the container is being attached. */
  readonly id: string;
  /** The network's name. */
  readonly name: string;
  /** Further names of the container there, such as those of `--network-alias`, its Compose service and its host name. */
  readonly aliases: readonly string[];
  /** Absent on the network "host" and the like. */
  readonly address4?: IpAddress;
  /** Absent where the network has no IPv6. */
  readonly address6?: IpAddress;
}

/** A port that the image exposes or the user publishes. */
export interface ContainerPort {
  /** The port in the container. */
  readonly port: number;
  /** The protocol above IP. */
  readonly protocol: "tcp" | "udp";
  /** Whether it is bound to a port of the Engine's machine too. */
  readonly isPublished: boolean;
}

/** A container that runs. */
export interface Container {
  /** The Engine's id of it, 64 hexadecimal digits. */
  readonly id: string;
  /** Its name without the slash that the API puts before it. */
  readonly name: string;
  /** The image's name when the container was created. */
  readonly image: string;
  /** Its labels, with those of its image. */
  readonly labels: Readonly<Record<string, string>>;
  /** "running" or "paused": a paused container keeps its addresses. */
  readonly state: string;
  /** Ordered by name. */
  readonly networks: readonly ContainerNetwork[];
  /** Ordered by number, then by protocol; without SCTP. */
  readonly ports: readonly ContainerPort[];
}

/** More containers than this are left out: a bridge of Linux has 1,023 ports, and few machines have ten full ones. */
export const MAX_CONTAINERS = 10_000;

/** Networks, names and ports of one container that are read; the Engine itself sets no limit. */
const MAX_NETWORKS = 64;
const MAX_ALIASES = 64;
const MAX_PORTS = 1024;

/** States in which a container has its addresses. */
const LIVE_STATES = ["running", "paused"];

const RECORD = v.fallback(v.record(v.string(), v.unknown()), {});

const ENDPOINT = v.object({
  NetworkID: v.fallback(TEXT, ""),
  IPAddress: v.fallback(TEXT, ""),
  GlobalIPv6Address: v.fallback(TEXT, ""),
  Aliases: lenientList(NAME),
  // Since API 1.44: the aliases, and the container's name, short id and host name.
  DNSNames: lenientList(NAME),
});

const DETAILS = v.object({
  Id: NAME,
  Name: NAME,
  State: v.object({ Status: TEXT }),
  Config: v.object({ Image: v.fallback(TEXT, ""), Labels: LABELS, ExposedPorts: RECORD }),
  NetworkSettings: v.fallback(v.object({ Networks: RECORD, Ports: RECORD }), { Networks: {}, Ports: {} }),
});

/**
 * Reads the answer to `GET /containers/ID/json`. What cannot be read of it is left out.
 *
 * @returns undefined if the container does not run or the value is no container
 */
export function readContainer(answer: unknown): Container | undefined {
  const read = parse(DETAILS, answer);
  if (read === undefined || !LIVE_STATES.includes(read.State.Status)) return undefined;
  const { Id: id, Config: { Image: image, Labels: labels, ExposedPorts }, NetworkSettings } = read;
  const name = plainName(read.Name);
  // The Engine adds the short id as a name; people do not use it, and it would be on each list.
  const isOwn = (alias: string) => alias === name || alias === id.slice(0, 12);
  const networks = Object.entries(NetworkSettings.Networks).slice(0, MAX_NETWORKS)
    .map(([network, endpoint]) => readEndpoint(network, endpoint, isOwn))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const ports = readPorts(NetworkSettings.Ports, ExposedPorts);
  return { id, name, image, labels, state: read.State.Status, networks, ports };
}

function plainName(name: string): string {
  return name.replace(/^\//, "");
}

function readEndpoint(name: string, value: unknown, isOwn: (alias: string) => boolean): ContainerNetwork {
  const read = parse(ENDPOINT, value);
  if (read === undefined) return { id: "", name, aliases: [] };
  const [address4, address6] = [parseAddress(read.IPAddress), parseAddress(read.GlobalIPv6Address)];
  const aliases = new Set([...read.Aliases, ...read.DNSNames].filter((alias) => !isOwn(alias)));
  return {
    id: read.NetworkID,
    name,
    aliases: [...aliases].slice(0, MAX_ALIASES),
    ...address4?.family === 4 ? { address4 } : {},
    ...address6?.family === 6 ? { address6 } : {},
  };
}

/**
 * Reads the ports.
 *
 * @param bound by port as in "80/tcp": its bindings, or null where it has none
 * @param exposed by port: anything
 */
function readPorts(
  bound: Readonly<Record<string, unknown>>,
  exposed: Readonly<Record<string, unknown>>,
): ContainerPort[] {
  return Object.keys({ ...bound, ...exposed }).slice(0, MAX_PORTS).flatMap((key): ContainerPort[] => {
    const [, digits, protocol] = /^(\d{1,5})\/(tcp|udp)$/.exec(key) ?? [];
    const port = Number(digits);
    if (protocol === undefined || port < 1 || port > 65_535) return [];
    const bindings = bound[key];
    const isPublished = Array.isArray(bindings) && bindings.length > 0;
    return [{ port, protocol: protocol === "tcp" ? "tcp" : "udp", isPublished }];
  }).sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** An entry of the list of containers: enough to see whether the container has changed since it was read. */
export interface ListedContainer {
  /** The Engine's id of it. */
  readonly id: string;
  /** Changes with its names, state, networks and addresses. */
  readonly mark: string;
}

const LISTED: Schema<ListedContainer> = v.pipe(
  v.object({
    Id: NAME,
    Names: lenientList(TEXT),
    State: v.fallback(TEXT, ""),
    NetworkSettings: v.fallback(v.object({ Networks: RECORD }), { Networks: {} }),
  }),
  v.transform(({ Id, Names, State, NetworkSettings }) => {
    const endpoints = Object.entries(NetworkSettings.Networks).slice(0, MAX_NETWORKS).map(([name, value]) => {
      const { NetworkID, IPAddress, GlobalIPv6Address } = parse(ENDPOINT, value) ?? {};
      return [name, NetworkID, IPAddress, GlobalIPv6Address];
    });
    return { id: Id, mark: JSON.stringify([Names, State, endpoints.sort()]) };
  }),
);

/**
 * Reads the answer to `GET /containers/json`; undefined if the value is no list. Entries that cannot be read, and those
 * after the first {@linkcode MAX_CONTAINERS}, are left out.
 */
export function readListedContainers(answer: unknown): ListedContainer[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  return answer.slice(0, MAX_CONTAINERS).flatMap((entry) => parse(LISTED, entry) ?? []);
}
