/**
 * What is measured, and the figures gathered of it.
 *
 * @module
 */
import { type Part, PARTS } from "./options.ts";
import { median } from "./statistics.ts";

/** What is compared, in the order of the tables; the last two are sessions of other machines, by each of the ciphers. */
export const SUBJECTS = [
  "plain route",
  "VXLAN",
  "wireguard-go",
  "docker-connector",
  "encrypted (libcrypto)",
  "encrypted (wasm)",
] as const;

/** One of them. */
export type Subject = (typeof SUBJECTS)[number];

/** Whether the bytes go from the desktop to the container or from it. */
export type Direction = "to" | "from";
/** Both. */
export const DIRECTIONS: readonly Direction[] = ["to", "from"];

/** The end of a tunnel that one of its processes is. */
export type End = "desktop" | "vm";
/** Both. */
export const ENDS: readonly End[] = ["desktop", "vm"];

/** Something measured, with what a reader needs to know of it. */
export interface Metric {
  readonly id: string;
  readonly part: Part;
  readonly title: string;
  readonly unit: string;
  /** Digits shown behind the point. */
  readonly digits: number;
}

const preposition = (direction: Direction) => `${direction} container`;
const thousands = (rate: number) => `${rate / 1000}k`;
const owner = (end: End) => end === "desktop" ? "desktop's process" : "VM's process";

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

/** Processor time of one of the tunnel's processes for 10^9 bytes received over one TCP stream. */
export function cpuPerGigabyte(direction: Direction, end: End): Metric {
  const title = `CPU, TCP ${preposition(direction)}, ${owner(end)}`;
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

/** Round trip time of an ICMP echo. */
export function roundTrip(load: Load, percentile: 50 | 99): Metric {
  const title = `round trip p${percentile}, ${BESIDE[load]}`;
  return { id: `rtt.${load}.p${percentile}`, part: "rtt", title, unit: "us", digits: 0 };
}

/** TCP throughput between an accessor and the server, as the receiver counts it. */
export function sessionThroughput(direction: Direction): Metric {
  const title = `TCP ${direction} server, sealed`;
  return { id: `sessions.tcp.${direction}`, part: "sessions", title, unit: "Mbit/s", digits: 0 };
}

/** Round trip time of an ICMP echo from an accessor to the server. */
export function sessionRoundTrip(percentile: 50 | 99): Metric {
  const title = `round trip p${percentile}, sealed, idle`;
  return { id: `sessions.rtt.p${percentile}`, part: "sessions", title, unit: "us", digits: 0 };
}

/** Resident memory of a process at the end of a round. */
export function residentMemory(end: End): Metric {
  return { id: `rss.${end}`, part: "rss", title: `RSS, ${owner(end)}`, unit: "MB", digits: 1 };
}

/** Resident memory of a process after the long transfer. */
export function residentMemoryAfterLong(end: End): Metric {
  const title = `RSS after 10 GB, ${owner(end)}`;
  return { id: `rss.long.${end}`, part: "rss", title, unit: "MB", digits: 1 };
}

/** Mean memory in the last tenth of the long transfer beside the second tenth. */
export function residentMemoryDrift(end: End): Metric {
  const title = `RSS, last tenth of 10 GB over second, ${owner(end)}`;
  return { id: `rss.drift.${end}`, part: "rss", title, unit: "%", digits: 2 };
}

/** From the program's start to the first packet that came through it. */
export function startToFirstPacket(program: "server" | "client"): Metric {
  return { id: `start.${program}`, part: "start", title: `${program}'s first packet`, unit: "ms", digits: 0 };
}

/** All figures of one metric and one subject. */
export interface Series {
  readonly metric: Metric;
  readonly subject: Subject;
  /** In the metric's unit, one per round. */
  readonly values: readonly number[];
  readonly median: number;
}

/** One run in its own words: what a series does not tell. */
export type Run = Readonly<Record<string, string | number>>;

/** All figures of one metric. */
interface Entry {
  readonly metric: Metric;
  readonly bySubject: Map<Subject, number[]>;
}

/** The figures of a whole benchmark, by part and then in the order in which metrics first appear. */
export class Figures {
  readonly runs: Run[] = [];
  readonly #values = new Map<
    string,
    { readonly metric: Metric; readonly bySubject: Map<Subject, number[]> }
  >();

  /** @param report told of each figure */
  constructor(readonly report: (line: string) => void = () => {}) {}

  /** Takes one figure. */
  add(metric: Metric, subject: Subject, value: number): void {
    const entry = this.#values.get(metric.id) ?? { metric, bySubject: new Map() };
    this.#values.set(metric.id, entry);
    entry.bySubject.set(subject, [...entry.bySubject.get(subject) ?? [], value]);
    this.report(`${subject}: ${metric.title}: ${value.toFixed(metric.digits)} ${metric.unit}`);
  }

  /** Takes down that a run failed and was repeated. */
  repeated(run: Run, why: string): void {
    this.runs.push({ ...run, repeatedAfter: why });
  }

  /** The metrics that have figures. */
  metrics(): Metric[] {
    return this.#entries().map(({ metric }) => metric);
  }

  /** The median of what was measured; undefined where nothing was. */
  median(metric: Metric, subject: Subject): number | undefined {
    const values = this.#values.get(metric.id)?.bySubject.get(subject);
    return values === undefined ? undefined : median(values);
  }

  /** One subject's median over another's. */
  ratio(metric: Metric, subject: Subject, yardstick: Subject): number | undefined {
    const [value, other] = [this.median(metric, subject), this.median(metric, yardstick)];
    return value === undefined || other === undefined || other === 0 ? undefined : value / other;
  }

  /** Everything, by metric and then by subject. */
  series(): Series[] {
    return this.#entries().flatMap(({ metric, bySubject }) =>
      SUBJECTS.flatMap((subject) => {
        const values = bySubject.get(subject);
        return values === undefined ? [] : [{ metric, subject, values, median: median(values) }];
      })
    );
  }

  #entries(): Entry[] {
    const place = ({ metric }: Entry) => PARTS.indexOf(metric.part);
    return [...this.#values.values()].sort((a, b) => place(a) - place(b));
  }
}
