/**
 * What the running client tells of itself on its status socket. Fields are added, never renamed: scripts read them.
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

/** The answer to `GET /v1/status` of the client. */
export interface ClientStatus {
  readonly program: "docker-connector-client";
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
  readonly server: {
    /** As it was given: a name or an address. */
    readonly host: string;
    /** What the host resolved to, or null as long as it has not. */
    readonly endpoint: string | null;
    /** Seconds since the server's last datagram, or null before the first. */
    readonly lastHeardSeconds: number | null;
    /** `up` if the server was heard lately. */
    readonly state: "up" | "silent";
  };
  readonly heartbeats: {
    readonly sent: number;
    readonly answered: number;
  };
  readonly counters: {
    /** From the server to the containers. */
    readonly outbound: DirectionCounters;
    /** From the containers to the server. */
    readonly inbound: DirectionCounters;
    /** Packets and datagrams that were dropped, by reason. */
    readonly drops: Readonly<Record<string, number>>;
  };
}
