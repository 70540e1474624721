/**
 * What is measured.
 *
 * @module
 */
import type { Part } from "./options.ts";

/** Whether the bytes go from the desktop to the container or from it. */
export type Direction = "to" | "from";
/** Both. */
export const DIRECTIONS: readonly Direction[] = ["to", "from"];

/** What one of a tunnel's processes is. */
export type End = "desktop" | "vm" | "accessor" | "network";
/** All of them. */
export const ENDS: readonly End[] = ["desktop", "vm", "accessor", "network"];
/** The two that every tunnel has. */
export const TUNNEL_ENDS: readonly End[] = ["desktop", "vm"];

/** Something measured, with what a reader needs to know of it. */
export interface Metric {
  readonly id: string;
  readonly part: Part;
  readonly title: string;
  readonly unit: string;
  /** Digits shown behind the point. */
  readonly digits: number;
}

const OWNERS: Readonly<Record<End, string>> = {
  desktop: "desktop's process",
  vm: "VM's process",
  accessor: "accessor's process",
  network: "gvproxy",
};

const preposition = (direction: Direction) => `${direction} container`;
const thousands = (rate: number) => `${rate / 1000}k`;

/** TCP throughput as the receiver counts it. */
export function tcpThroughput(direction: Direction, streams: number): Metric {
  const title = `TCP ${preposition(direction)}, ${streams} ${streams === 1 ? "stream" : "streams"}`;
  return { id: `tcp.${direction}.${streams}`, part: "tcp", title, unit: "Mbit/s", digits: 0 };
}

/** The same over IPv6, one stream. */
export function tcpThroughputIpv6(direction: Direction): Metric {
  const title = `TCP ${preposition(direction)}, IPv6`;
  return { id: `tcp6.${direction}`, part: "tcp", title, unit: "Mbit/s", digits: 0 };
}

/** Processor time of one process for 10^9 bytes received over one TCP stream. */
export function cpuPerGigabyte(direction: Direction, end: End): Metric {
  const title = `CPU, TCP ${preposition(direction)}, ${OWNERS[end]}`;
  return { id: `cpu.${direction}.${end}`, part: "cpu", title, unit: "s/GB", digits: 2 };
}

/** The most datagrams a second that reached the container, at whichever rate they were sent. */
export function udpPeak(payload: number): Metric {
  const title = `UDP ${payload} bytes, most received`;
  return { id: `udp.${payload}.peak`, part: "udp", title, unit: "packets/s", digits: 0 };
}

/** How many were sent in the run in which the most arrived. */
export function udpPeakSent(payload: number): Metric {
  const title = `UDP ${payload} bytes, sent for it`;
  return { id: `udp.${payload}.peakSent`, part: "udp", title, unit: "packets/s", digits: 0 };
}

/** Part of the datagrams sent at a fixed rate that never reached the container's socket. */
export function udpLoss(payload: number, rate: number): Metric {
  const title = `UDP ${payload} bytes, loss at ${thousands(rate)}/s`;
  return { id: `udp.${payload}.loss.${rate}`, part: "udp", title, unit: "%", digits: 2 };
}

/** What else the tunnel carries while round trips are timed. */
export type Load = "idle" | "paced" | "full";
/** All of them. */
export const LOADS: readonly Load[] = ["idle", "paced", "full"];

/** Rate in Mbit/s of the paced stream: well below what the slowest tunnel carries on a busy machine. */
export const PACED_MEGABITS = 100;

const BESIDE: Readonly<Record<Load, string>> = {
  idle: "idle",
  paced: `beside ${PACED_MEGABITS} Mbit/s`,
  full: "beside a full stream",
};

/** What is said about the round trips of one run. */
export type RoundTripFigure = "average" | "p50" | "p99";
/** All of them. */
export const ROUND_TRIP_FIGURES: readonly RoundTripFigure[] = ["average", "p50", "p99"];

/** Round trip time of an ICMP echo. */
export function roundTrip(load: Load, figure: RoundTripFigure): Metric {
  const title = `round trip ${figure}, ${BESIDE[load]}`;
  return { id: `rtt.${load}.${figure}`, part: "rtt", title, unit: "us", digits: 0 };
}

/** What the stream beside the round trips carried meanwhile. */
export function streamBeside(load: Exclude<Load, "idle">): Metric {
  const title = `stream beside the round trips, ${load === "full" ? "full" : `paced to ${PACED_MEGABITS}`}`;
  return { id: `rtt.${load}.stream`, part: "rtt", title, unit: "Mbit/s", digits: 0 };
}

/** TCP throughput between an accessor and the server, one stream, as the receiver counts it. */
export function accessorThroughput(direction: Direction): Metric {
  const title = `TCP ${direction} server, encrypted`;
  return { id: `accessor.tcp.${direction}`, part: "accessor", title, unit: "Mbit/s", digits: 0 };
}

/** Round trip time of an ICMP echo from an accessor to the server, idle. */
export function accessorRoundTrip(figure: RoundTripFigure): Metric {
  const title = `round trip ${figure} to server, encrypted, idle`;
  return { id: `accessor.rtt.${figure}`, part: "accessor", title, unit: "us", digits: 0 };
}

/** Resident memory of a process at the end of a round. */
export function residentMemory(end: End): Metric {
  return { id: `rss.${end}`, part: "rss", title: `RSS, ${OWNERS[end]}`, unit: "MB", digits: 1 };
}

/** Resident memory of a process after the long transfer. */
export function residentMemoryAfterLong(end: End): Metric {
  const title = `RSS after 10 GB, ${OWNERS[end]}`;
  return { id: `rss.long.${end}`, part: "rss", title, unit: "MB", digits: 1 };
}

/** Mean memory in the last tenth of the long transfer beside the second tenth. */
export function residentMemoryDrift(end: End): Metric {
  const title = `RSS, last tenth of 10 GB over second, ${OWNERS[end]}`;
  return { id: `rss.drift.${end}`, part: "rss", title, unit: "%", digits: 2 };
}

/** Processor time of a process without traffic, in percent of one core. */
export function idleProcessor(end: End): Metric {
  return {
    id: `idle.cpu.${end}`,
    part: "idle",
    title: `idle CPU, ${OWNERS[end]}`,
    unit: "% of a core",
    digits: 2,
  };
}

/** How often a second a process without traffic was woken. */
export function idleWakeUps(end: End): Metric {
  const title = `idle wake-ups, ${OWNERS[end]}`;
  return { id: `idle.wakeUps.${end}`, part: "idle", title, unit: "1/s", digits: 1 };
}

/** From the program's start to the first packet that came through it. */
export function startToFirstPacket(program: "server" | "client"): Metric {
  return { id: `start.${program}`, part: "start", title: `${program}'s first packet`, unit: "ms", digits: 0 };
}

/** System calls of the macOS server, or packets that it moved, for 10^9 bytes over one TCP stream. */
export function darwinPerGigabyte(direction: Direction, what: "calls" | "packets"): Metric {
  const noun = what === "calls" ? "system calls" : "packets moved";
  const title = `macOS double, ${noun}, TCP ${preposition(direction)}`;
  return { id: `darwin.${direction}.${what}`, part: "darwin", title, unit: "1/GB", digits: 0 };
}
