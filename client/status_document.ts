/**
 * What the running client tells of itself on its status socket. Fields are added, never renamed: scripts read them.
 *
 * @module
 */

import { hasShape, orNull, type Shape } from "../cli/shape.ts";
import {
  countersShape,
  dataPlaneShape,
  type DataPlaneStatus,
  interfaceShape,
  type InterfaceStatus,
  programShape,
  type ProgramStatus,
  type TunnelCounters,
} from "../cli/status_document.ts";

/** The server as the client sees it. */
export interface ServerView {
  /** As it was given: a name or an address. */
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
};

/**
 * Whether a document is one of this version's form: the program that answered may be of another version.
 *
 * @param document a status document
 */
export function isClientStatus(document: unknown): document is ClientStatus {
  return hasShape(document, shape);
}
