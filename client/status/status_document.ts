/**
 * What the running client tells of itself on its status socket. Fields are added, never renamed: scripts read them.
 *
 * @module
 */

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

/** The server as the client sees it. */
export interface ServerView {
  /** A name or an address as it was given; where the server is searched for, the place that is tried or in use. */
  readonly host: string;
  /** What the host resolved to, or null as long as it has not. */
  readonly endpoint: string | null;
  /** Seconds since the server's last datagram, or null before the first. */
  readonly lastHeardSeconds: number | null;
  /** `up` if the server was heard lately. */
  readonly state: "up" | "silent";
}

/** The heartbeats since the start. */
export interface HeartbeatCounters {
  /** Sent to the server. */
  readonly sent: number;
  /** Always 0 with the original's server, which answers none. */
  readonly answered: number;
}

/** Docker's firewall as the client keeps it open. */
export interface FirewallStatus {
  /** Whose chain has the rules: `iptables-nft`, `iptables-legacy` or both; null while none has the chain. */
  readonly backend: string | null;
  /** How many rules are in force. */
  readonly rules: number;
  /** The pairs of container networks that the server wants connected, by their network addresses. */
  readonly pairs: readonly {
    readonly a: string;
    readonly b: string;
    /** `waiting` while one of the networks, or the chain, is not there. */
    readonly state: "connected" | "waiting";
  }[];
  /** What keeps packets from passing; absent when nothing does. */
  readonly fault?: string;
}

/** The answer to `GET /v1/status` of the client. */
export interface ClientStatus extends ProgramStatus<"docker-connector-client"> {
  /** The client's end of the tunnel. */
  readonly interface: InterfaceStatus;
  /** The server and whether it was heard. */
  readonly server: ServerView;
  /** The heartbeats since the start. */
  readonly heartbeats: HeartbeatCounters;
  /** What has passed and what was dropped. */
  readonly counters: TunnelCounters;
  /** How the packets are moved. */
  readonly dataPlane: DataPlaneStatus;
  /** The rules that let packets pass Docker's firewall. */
  readonly firewall: FirewallStatus;
}

const shape: Shape = {
  ...programShape,
  interface: interfaceShape,
  server: {
    host: "string",
    endpoint: orNull("string"),
    lastHeardSeconds: orNull("number"),
    state: (value) => value === "up" || value === "silent",
  },
  heartbeats: { sent: "number", answered: "number" },
  counters: countersShape,
  dataPlane: dataPlaneShape,
  firewall: {
    backend: orNull("string"),
    rules: "number",
    pairs: listOf({ a: "string", b: "string", state: "string" }),
    fault: orAbsent("string"),
  },
};

/**
 * Whether a document is one of this version's form: the program that answered may be of another version.
 *
 * @param document a status document
 */
export function isClientStatus(document: unknown): document is ClientStatus {
  return hasShape(document, shape);
}
