/**
 * What this project sets out to reach. Set before the first run of this benchmark, and not changed after one: a target that
 * is missed is told with its number.
 *
 * @module
 */
import type { Figures } from "./figures.ts";
import {
  accessorRoundTrip,
  accessorThroughput,
  DIRECTIONS,
  ENDS,
  idleProcessor,
  idleWakeUps,
  type Metric,
  residentMemoryAfterLong,
  residentMemoryDrift,
  roundTrip,
  startToFirstPacket,
  tcpThroughput,
  tcpThroughputIpv6,
  TUNNEL_ENDS,
  udpLoss,
  udpPeak,
} from "./metrics.ts";
import type { Subject } from "./subjects.ts";

/** One target and what came of it. */
export interface Verdict {
  readonly target: string;
  /** Undefined where the run did not measure it. */
  readonly measured: string | undefined;
  readonly met: boolean | undefined;
}

/** A bound on one subject's median, or on its ratio to what it is compared with. */
interface Target {
  readonly metric: Metric;
  readonly subject: Subject;
  readonly bound: "at least" | "at most" | "below" | "within";
  readonly value: number;
  /** Another subject's median of the same metric, or another metric's of the same subject; absent for a bare bound. */
  readonly yardstick?: Subject | Metric;
}

const CONNECTOR: Subject = "docker-connector";
/** The same by datagrams and by the Engine's stream, both behind a network in user space. */
const BY_DATAGRAMS: Subject = "docker-connector over gvproxy";
const BY_ENGINE: Subject = "docker-connector by the engine path";
const ACCESSOR: Subject = "accessor";
const WIREGUARD: Subject = "wireguard-go";

/** All of them. */
export const TARGETS: readonly Target[] = [
  ...DIRECTIONS.flatMap((direction): Target[] => {
    const metric = tcpThroughput(direction, 1);
    return [
      { metric, subject: CONNECTOR, bound: "at least", value: 3, yardstick: WIREGUARD },
      { metric, subject: CONNECTOR, bound: "at least", value: 0.8, yardstick: "VXLAN" },
    ];
  }),
  ...DIRECTIONS.flatMap((direction): Target[] => {
    const metric = tcpThroughput(direction, 1);
    return [
      { metric, subject: BY_ENGINE, bound: "at least", value: 3, yardstick: BY_DATAGRAMS },
      { metric, subject: BY_ENGINE, bound: "at least", value: 2500 },
    ];
  }),
  {
    metric: roundTrip("idle", "p50"),
    subject: BY_ENGINE,
    bound: "at most",
    value: 0.6,
    yardstick: BY_DATAGRAMS,
  },
  { metric: roundTrip("full", "average"), subject: BY_ENGINE, bound: "at most", value: 2000 },
  ...DIRECTIONS.map((direction): Target => {
    const metric = accessorThroughput(direction);
    return { metric, subject: ACCESSOR, bound: "at least", value: 1.5, yardstick: WIREGUARD };
  }),
  { metric: accessorRoundTrip("p50"), subject: ACCESSOR, bound: "at most", value: 0.7, yardstick: WIREGUARD },
  { metric: accessorRoundTrip("p99"), subject: ACCESSOR, bound: "at most", value: 1, yardstick: WIREGUARD },
  { metric: roundTrip("full", "average"), subject: CONNECTOR, bound: "at most", value: 500 },
  ...([CONNECTOR, ACCESSOR] as const).flatMap((subject) =>
    // The accessor's server is the program that is judged beside the client already, with one session more.
    ENDS.filter((end) => end !== "network" && (end === "accessor") === (subject === ACCESSOR))
      .flatMap((end): Target[] => [
        { metric: idleProcessor(end), subject, bound: "below", value: 0.3 },
        { metric: idleWakeUps(end), subject, bound: "at most", value: 8 },
      ])
  ),
  ...DIRECTIONS.map((direction): Target => {
    const metric = tcpThroughputIpv6(direction);
    return {
      metric,
      subject: CONNECTOR,
      bound: "at least",
      value: 0.9,
      yardstick: tcpThroughput(direction, 1),
    };
  }),
  { metric: udpPeak(64), subject: CONNECTOR, bound: "at least", value: 2, yardstick: WIREGUARD },
  { metric: udpLoss(64, 50_000), subject: CONNECTOR, bound: "at most", value: 0 },
  ...TUNNEL_ENDS.flatMap((end): Target[] => [
    { metric: residentMemoryAfterLong(end), subject: CONNECTOR, bound: "below", value: 90 },
    { metric: residentMemoryDrift(end), subject: CONNECTOR, bound: "within", value: 3 },
  ]),
  ...(["server", "client"] as const).map((program): Target => {
    return { metric: startToFirstPacket(program), subject: CONNECTOR, bound: "at most", value: 150 };
  }),
];

const HOLDS: Readonly<Record<Target["bound"], (measured: number, value: number) => boolean>> = {
  "at least": (measured, value) => measured >= value,
  "at most": (measured, value) => measured <= value,
  "below": (measured, value) => measured < value,
  "within": (measured, value) => Math.abs(measured) <= value,
};

function judge(figures: Figures, { metric, subject, bound, value, yardstick }: Target): Verdict {
  const own = figures.median(metric, subject);
  const head = `${subject}: ${metric.title}: ${bound} ${value}`;
  if (yardstick === undefined) {
    return {
      target: `${head} ${metric.unit}`,
      measured: own === undefined ? undefined : `${own.toFixed(metric.digits)} ${metric.unit}`,
      met: own === undefined ? undefined : HOLDS[bound](own, value),
    };
  }
  const isSubject = typeof yardstick === "string";
  const other = isSubject ? figures.median(metric, yardstick) : figures.median(yardstick, subject);
  const ratio = own === undefined || other === undefined || other === 0 ? undefined : own / other;
  return {
    target: `${head} x ${isSubject ? yardstick : yardstick.title}`,
    measured: ratio === undefined ? undefined : `${ratio.toFixed(2)} x`,
    met: ratio === undefined ? undefined : HOLDS[bound](ratio, value),
  };
}

/** Judges every target by the medians of the rounds. */
export function judgeTargets(figures: Figures): Verdict[] {
  return TARGETS.map((target) => judge(figures, target));
}
