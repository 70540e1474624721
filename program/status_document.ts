/**
 * What every running program tells of itself on its control socket. Fields are added, never renamed: scripts read them.
 *
 * @module
 */

import { commit, denoVersion, version } from "./build_info.ts";
import { orAbsent, recordOf, type Shape } from "./schema.ts";

/** Which program is running, and since when. */
export interface ProgramStatus<Name extends string> {
  /** The program's name. */
  readonly program: Name;
  /** Its version. */
  readonly version: string;
  /** The commit it was built from. */
  readonly commit: string;
  /** Version of Deno. */
  readonly deno: string;
  /** Its process id. */
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Whole seconds since then. */
  readonly uptimeSeconds: number;
}

/** The TUN interface; addresses are without a length. */
export interface InterfaceStatus {
  /** The system's name of it, for example `utun5`. */
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** This side's virtual address. */
  readonly address: string;
  /** The other side's virtual address. */
  readonly peer: string;
  /** This side's virtual IPv6 address; absent while IPv6 is off. */
  readonly address6?: string;
  /** The other side's virtual IPv6 address; absent while IPv6 is off. */
  readonly peer6?: string;
  /** Why it is not as it should be; absent when it is. */
  readonly fault?: string;
}

/** What has gone one way through the tunnel since the start. */
export interface DirectionCounters {
  /** Packets. */
  readonly packets: number;
  /** Their bytes, without the headers that the tunnel adds. */
  readonly bytes: number;
}

/** The counters of a tunnel. */
export interface TunnelCounters {
  /** Read from the TUN interface and sent by UDP. */
  readonly outbound: DirectionCounters;
  /** Received by UDP and written to the TUN interface. */
  readonly inbound: DirectionCounters;
  /** Packets and datagrams that were dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** How the packets are moved. */
export interface DataPlaneStatus {
  /** Whether the kernel cuts and joins large packets for the tunnel. */
  readonly offload: boolean;
}

/**
 * The facts of this process.
 *
 * @param program the program's name
 * @param startedAt when it started, in milliseconds since 1970
 * @param now the time now, likewise
 */
export function programStatus<Name extends string>(
  program: Name,
  startedAt: number,
  now: number,
): ProgramStatus<Name> {
  return {
    program,
    version,
    commit,
    deno: denoVersion,
    pid: Deno.pid,
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: Math.max(0, Math.floor((now - startedAt) / 1000)),
  };
}

/** The form of the fields that all documents have. */
export const programShape: Readonly<Record<string, Shape>> = {
  program: "string",
  version: "string",
  commit: "string",
  deno: "string",
  pid: "number",
  startedAt: "string",
  uptimeSeconds: "number",
};

/** The form of {@link InterfaceStatus}. */
export const interfaceShape: Shape = {
  name: "string",
  mtu: "number",
  address: "string",
  peer: "string",
  address6: orAbsent("string"),
  peer6: orAbsent("string"),
  fault: orAbsent("string"),
};

/** The form of {@link DataPlaneStatus}. */
export const dataPlaneShape: Shape = { offload: "boolean" };

/** The form of {@link TunnelCounters}. */
export const countersShape: Shape = {
  outbound: { packets: "number", bytes: "number" },
  inbound: { packets: "number", bytes: "number" },
  drops: recordOf("number"),
};
