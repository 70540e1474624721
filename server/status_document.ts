/**
 * What the running server tells of itself on its control socket. Fields are added, never renamed: scripts read them.
 *
 * @module
 */

/** What has gone one way through the tunnel since the start. */
export interface DirectionCounters {
  /** Packets. */
  readonly packets: number;
  /** Their bytes, without the headers that the tunnel adds. */
  readonly bytes: number;
}

/** A route and how it is. */
export interface RouteStatus {
  /** The container network, for example `172.20.0.0/16`. */
  readonly prefix: string;
  /** Who asked for it. */
  readonly source: "config" | "docker";
  /** Whether the system has it. */
  readonly state: "active" | "failed";
  /** Why it failed. */
  readonly fault?: string;
}

/** The answer to `GET /v1/status` of the server. */
export interface ServerStatus {
  readonly program: "docker-connector";
  readonly version: string;
  readonly commit: string;
  /** Version of Deno. */
  readonly deno: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** The TUN interface; addresses with the virtual network's length. */
  readonly interface: {
    readonly name: string;
    readonly mtu: number;
    readonly address: string;
    readonly peer: string;
  };
  /** The endpoint of the UDP socket. */
  readonly listen: string;
  /** The client that made itself known, or null. */
  readonly client: {
    readonly endpoint: string;
    /** Seconds since its last datagram. */
    readonly lastHeardSeconds: number;
    readonly version?: string;
  } | null;
  readonly routes: readonly RouteStatus[];
  readonly counters: {
    /** From this machine to the containers. */
    readonly outbound: DirectionCounters;
    /** From the containers to this machine. */
    readonly inbound: DirectionCounters;
    /** Packets and datagrams that were dropped, by reason. */
    readonly drops: Readonly<Record<string, number>>;
  };
  readonly dataPlane: {
    /** Whether the kernel cuts and joins large packets for the tunnel. */
    readonly offload: boolean;
  };
  readonly config: {
    /** The file, or null where there is none. */
    readonly file: string | null;
    /** When it was last taken over; ISO 8601, UTC. */
    readonly loadedAt: string;
    /** What is wrong with the file as it is now; the last good one is in force. */
    readonly faults: readonly string[];
  };
}
