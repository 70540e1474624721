/**
 * What the running server tells of itself on its control socket. Fields are added, never renamed: scripts read them.
 *
 * @module
 */

import type { ClientDescription, FirewallFacts } from "../../core/protocol/description.ts";
import { hasShape, listOf, orAbsent, orNull, type Shape } from "../../program/schema.ts";
import {
  countersShape,
  dataPlaneShape,
  type DataPlaneStatus,
  interfaceShape,
  type InterfaceStatus,
  programShape,
  type ProgramStatus,
  type TunnelCounters,
} from "../../program/status_document.ts";
import { sharingShape, type SharingStatus } from "../sharing/sharing_status.ts";

/** A route and how it is. */
export interface RouteStatus {
  /** The container network, for example `172.20.0.0/16`. */
  readonly prefix: string;
  /** Who asked for it. */
  readonly source: "config" | "docker";
  /** Name of the Docker network, for a route that is there because of one. */
  readonly network?: string;
  /** Whether the system has it. */
  readonly state: "active" | "failed";
  /** Why it failed. */
  readonly fault?: string;
}

/** A subnet of a Docker network. */
export interface SubnetStatus {
  /** For example `172.20.0.0/16`. */
  readonly prefix: string;
  /**
   * The state of its route; or why it has none of its own: a `route` line covers it ("config"), a `network` line
   * switches it off ("off"), it is IPv6 while that is off ("ipv6").
   */
  readonly state: RouteStatus["state"] | "config" | "off" | "ipv6";
}

/** The client container. */
export interface ContainerStatus {
  /** Its name, or the one that it is to have. */
  readonly name: string;
  /**
   * "off": by `--image off`; "pending": waits for an Engine; "not-required": the Engine is on this machine; "missing":
   * cannot be created yet; "created": is being started; "stopped": cannot be started; "restarting": ends soon after
   * each start; "conflict": a container that is not managed has the name; "external": the user runs a client, which is
   * used as it is.
   */
  readonly state:
    | "off"
    | "pending"
    | "not-required"
    | "missing"
    | "conflict"
    | "external"
    | "created"
    | "running"
    | "restarting"
    | "stopped";
  /** The image's name or file; null where that is not known. */
  readonly image: string | null;
  /** What stands against its running, or against its running with the newest image. */
  readonly fault?: string;
}

/** The Docker Engine and its networks. */
export interface DockerStatus {
  /** "off": by the configuration; "connecting": no Engine answers yet. */
  readonly state: "off" | "connecting" | "connected";
  /** Path of the Engine's socket; this and the next two are null unless connected. */
  readonly socket: string | null;
  /** The Engine's version. */
  readonly engine: string | null;
  /** The version of the API that is spoken with it. */
  readonly api: string | null;
  /** Why no Engine answers. */
  readonly fault?: string;
  /** The bridge networks, as they were last listed. */
  readonly networks: readonly { readonly name: string; readonly subnets: readonly SubnetStatus[] }[];
  /** The client container; null while Docker is switched off. */
  readonly container: ContainerStatus | null;
}

/** The client that has made itself known. */
export interface PeerStatus {
  /** Where its datagrams come from, for example `172.17.0.1:51234`. */
  readonly endpoint: string;
  /** Seconds since its last datagram. */
  readonly lastHeardSeconds: number;
  /** This and the next ones as the client says; undefined for the original's client. */
  readonly version?: string;
  /** The addresses of its interface. */
  readonly addresses?: readonly string[];
  /** The container networks of its machine, the first ones if they are many. */
  readonly subnets?: readonly string[];
  /** How many more of them there are. */
  readonly moreSubnets?: number;
  /** Docker's firewall there. */
  readonly firewall?: FirewallFacts;
}

/**
 * What a client says of itself, as a part of its status.
 *
 * @param description undefined as long as it has said nothing
 */
export function describedStatus(
  description: ClientDescription | undefined,
): Omit<PeerStatus, "endpoint" | "lastHeardSeconds"> {
  if (description === undefined) return {};
  const { revision: _, ...facts } = description;
  return facts;
}

/** Which configuration is in force. */
export interface ConfigStatus {
  /** The file, or null where there is none. */
  readonly file: string | null;
  /** When it was last taken over; ISO 8601, UTC. */
  readonly loadedAt: string;
  /** What is wrong with the file as it is now; the last good one is in force. */
  readonly faults: readonly string[];
}

/** The answer to `GET /v1/status` of the server. */
export interface ServerStatus extends ProgramStatus<"docker-connector"> {
  /** The server's end of the tunnel. */
  readonly interface: InterfaceStatus;
  /** The endpoint of the UDP socket. */
  readonly listen: string;
  /** Null as long as no client has made itself known. */
  readonly client: PeerStatus | null;
  /** The routes into the tunnel. */
  readonly routes: readonly RouteStatus[];
  /** The Docker Engine. */
  readonly docker: DockerStatus;
  /** What has passed and what was dropped. */
  readonly counters: TunnelCounters;
  /** How the packets are moved. */
  readonly dataPlane: DataPlaneStatus;
  /** The sharing with accessors; null while `expose` is off. */
  readonly sharing: SharingStatus | null;
  /** The configuration in force. */
  readonly config: ConfigStatus;
}

const shape: Shape = {
  ...programShape,
  interface: interfaceShape,
  listen: "string",
  client: orNull({
    endpoint: "string",
    lastHeardSeconds: "number",
    version: orAbsent("string"),
    addresses: orAbsent(listOf("string")),
    subnets: orAbsent(listOf("string")),
    moreSubnets: orAbsent("number"),
    firewall: orAbsent({
      state: "string",
      backend: orNull("string"),
      rules: "number",
      fault: orAbsent("string"),
    }),
  }),
  routes: listOf({
    prefix: "string",
    source: "string",
    network: orAbsent("string"),
    state: "string",
    fault: orAbsent("string"),
  }),
  docker: {
    state: "string",
    socket: orNull("string"),
    engine: orNull("string"),
    api: orNull("string"),
    fault: orAbsent("string"),
    networks: listOf({ name: "string", subnets: listOf({ prefix: "string", state: "string" }) }),
    container: orNull({
      name: "string",
      state: "string",
      image: orNull("string"),
      fault: orAbsent("string"),
    }),
  },
  counters: countersShape,
  dataPlane: dataPlaneShape,
  sharing: sharingShape,
  config: { file: orNull("string"), loadedAt: "string", faults: listOf("string") },
};

/**
 * Whether a document is one of this version's form: the program that answered may be of another version.
 *
 * @param document a status document
 */
export function isServerStatus(document: unknown): document is ServerStatus {
  return hasShape(document, shape);
}
