/**
 * What the running accessor tells of itself on its status socket. Fields are added, never renamed: scripts read them.
 *
 * @module
 */
import { hasShape, listOf, orAbsent, orNull, type Shape } from "../../program/schema.ts";
import {
  countersShape,
  type DataPlaneStatus,
  interfaceShape,
  type InterfaceStatus,
  programShape,
  type ProgramStatus,
  type TunnelCounters,
} from "../../program/status_document.ts";

/** The server as the accessor sees it. */
export interface AccessorServerStatus {
  /** HOST:PORT as it was given. */
  readonly host: string;
  /** Where the server spoke from last, or is looked for; null as long as the host has no address. */
  readonly endpoint: string | null;
  /** Seconds since the server's last datagram, or null before the first. */
  readonly lastHeardSeconds: number | null;
  /** Seconds since the last handshake, or null before the first; a session in use has one every two minutes. */
  readonly lastHandshakeSeconds: number | null;
  /** `up` if there is a session and the server was heard lately. */
  readonly state: "up" | "silent";
}

/** A network that the server exposes. */
export interface AccessorRouteStatus {
  /** The network. */
  readonly prefix: string;
  /** `active` if its route is in force, `excluded` by `--exclude`. */
  readonly state: "active" | "failed" | "excluded";
  /** Why it is not as it should be; absent when it is. */
  readonly fault?: string;
}

/** How the packets are moved. */
export interface AccessorDataPlaneStatus extends DataPlaneStatus {
  /** The code that encrypts: "libcrypto" or "wasm". */
  readonly aead: string;
}

/** The answer to `GET /v1/status` of the accessor. */
export interface AccessorStatus extends ProgramStatus<"docker-accessor"> {
  /** The accessor's end of the tunnel; null before the server has told its address. */
  readonly interface: InterfaceStatus | null;
  /** The server and whether it was heard. */
  readonly server: AccessorServerStatus;
  /** The exposed networks. */
  readonly routes: readonly AccessorRouteStatus[];
  /** What has passed and what was dropped. */
  readonly counters: TunnelCounters;
  /** How the packets are moved. */
  readonly dataPlane: AccessorDataPlaneStatus;
}

const shape: Shape = {
  ...programShape,
  interface: orNull(interfaceShape),
  server: {
    host: "string",
    endpoint: orNull("string"),
    lastHeardSeconds: orNull("number"),
    lastHandshakeSeconds: orNull("number"),
    state: (value) => value === "up" || value === "silent",
  },
  routes: listOf({ prefix: "string", state: "string", fault: orAbsent("string") }),
  counters: countersShape,
  dataPlane: { offload: "boolean", aead: "string" },
};

/**
 * Whether a document is one of this version's form: the program that answered may be of another version.
 *
 * @param document a status document
 */
export function isAccessorStatus(document: unknown): document is AccessorStatus {
  return hasShape(document, shape);
}
