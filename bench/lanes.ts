/**
 * What stands side by side: the same desktop, virtual machine and container, joined in different ways.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";
import type { Network } from "../tests/topology/network.ts";
import type { TcpReport } from "./iperf_report.ts";
import { type Direction, type End, type Load, LOADS } from "./metrics.ts";
import type { Subject } from "./subjects.ts";

/** MTU in bytes of the tunnels; the underlay has 1500. */
export const TUNNEL_MTU = 1400;

/** From whom to whom the bytes go. */
export interface Course {
  readonly from: Namespace;
  readonly to: Namespace;
  /** Address of `to` as `from` reaches it; where the course is reversed, of `from` as `to` reaches it. */
  readonly address: string;
  /** Whether `to` makes the connection, against the way of the bytes. */
  readonly isReversed?: boolean;
}

/** Which figures make sense. */
export interface Measures {
  /** How many TCP streams at a time. */
  readonly streams: readonly number[];
  readonly udp: boolean;
  /** What is beside the round trips. */
  readonly loads: readonly Load[];
}

/** All of them. */
export const ALL_MEASURES: Measures = { streams: [1, 8], udp: true, loads: LOADS };

/** A stream of bytes that is no TCP connection between two namespaces. */
export interface ByteStream {
  readonly carry: (direction: Direction, seconds: number) => Promise<TcpReport>;
  /** Microseconds of each round trip of 64 bytes. */
  readonly echo: () => Promise<number[]>;
}

/** One way in which `mac` and its container, or what stands for that, reach each other. */
export interface Lane {
  readonly subject: Subject;
  readonly network: Network;
  readonly measures: Measures;
  /** The processes of the tunnel; empty where the kernel does it all. */
  readonly pids: Readonly<Partial<Record<End, number>>>;
  /** The two ends in one direction; absent where there is a byte stream instead. */
  readonly course?: (direction: Direction) => Course;
  /** The same two ends by IPv6, where the lane carries it. */
  readonly ipv6Course?: (direction: Direction) => Course;
  readonly byteStream?: ByteStream;
  /** The version of what carries the bytes, where only that can tell it. */
  readonly version?: string;
}

/** The courses between `mac`, whose address in the lane is given, and its first container. */
export function containerCourses(
  network: Network,
  macAddress: string,
  containerAddress: string = network.container().address,
): (direction: Direction) => Course {
  const { mac } = network;
  const { namespace } = network.container();
  return (direction) =>
    direction === "to"
      ? { from: mac, to: namespace, address: containerAddress }
      : { from: namespace, to: mac, address: macAddress };
}

/** The course of a lane that has one. */
export function courseOf(lane: Lane, direction: Direction): Course {
  if (lane.course === undefined) throw new RangeError(`${lane.subject} joins no two namespaces`);
  return lane.course(direction);
}
