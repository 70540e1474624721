/**
 * What this project sets out to reach, beside what was measured. Only ratios between tunnels and bounds that hold on
 * any machine are judged.
 *
 * @module
 */
import {
  cpuPerGigabyte,
  type Direction,
  DIRECTIONS,
  ENDS,
  type Figures,
  type Load,
  LOADS,
  type Metric,
  residentMemoryAfterLong,
  residentMemoryDrift,
  roundTrip,
  sessionRoundTrip,
  sessionThroughput,
  startToFirstPacket,
  type Subject,
  tcpThroughput,
  tcpThroughputIpv6,
  udpLoss,
  udpPeak,
} from "./figures.ts";

/** One target and what came of it. */
export interface Verdict {
  readonly target: string;
  /** Undefined where the run did not measure it. */
  readonly measured: string | undefined;
  readonly met: boolean | undefined;
}

const US: Subject = "docker-connector";

/** Judges one value. */
function judge(
  target: string,
  value: number | undefined,
  format: (value: number) => string,
  accept: (value: number) => boolean,
): Verdict {
  if (value === undefined) return { target, measured: undefined, met: undefined };
  return { target, measured: format(value), met: accept(value) };
}

/** Judges every target. */
export function judgeTargets(figures: Figures): Verdict[] {
  const times = (value: number) => `${value.toFixed(2)} x`;
  const atLeast = (metric: Metric, yardstick: Subject, least: number, stretch = "") =>
    judge(
      `${metric.title}: at least ${least} x ${yardstick}${stretch}`,
      figures.ratio(metric, US, yardstick),
      times,
      (ratio) => ratio >= least,
    );
  const atMost = (metric: Metric, yardstick: Subject, most: number) =>
    judge(
      `${metric.title}: at most ${Number(most.toFixed(2))} x ${yardstick}`,
      figures.ratio(metric, US, yardstick),
      times,
      (ratio) => ratio <= most,
    );
  const bound = (metric: Metric, words: string, accept: (value: number) => boolean) =>
    judge(
      `${metric.title}: ${words}`,
      figures.median(metric, US),
      (value) => `${value.toFixed(metric.digits)} ${metric.unit}`,
      accept,
    );
  const latency = (load: Load) => [
    atMost(roundTrip(load, 50), "wireguard-go", 0.6),
    atMost(roundTrip(load, 99), "wireguard-go", 1),
  ];
  const ipv6 = (direction: Direction) => {
    const [v4, v6] = [tcpThroughput(direction, 1), tcpThroughputIpv6(direction)]
      .map((metric) => figures.median(metric, US));
    return judge(
      `${tcpThroughputIpv6(direction).title}: at least 0.9 x IPv4`,
      v4 === undefined || v6 === undefined ? undefined : v6 / v4,
      times,
      (ratio) => ratio >= 0.9,
    );
  };
  const sealed = (subject: Subject, least: number) =>
    DIRECTIONS.map((direction) =>
      judge(
        `${sessionThroughput(direction).title}, ${subject}: at least ${least} x wireguard-go`,
        figures.ratio(sessionThroughput(direction), subject, "wireguard-go"),
        times,
        (ratio) => ratio >= least,
      )
    );
  const sealedRoundTrip = (subject: Subject) =>
    judge(
      `${sessionRoundTrip(50).title}, ${subject}: at most 0.8 x wireguard-go`,
      figures.ratio(sessionRoundTrip(50), subject, "wireguard-go"),
      times,
      (ratio) => ratio <= 0.8,
    );
  return [
    ...sealed("encrypted (libcrypto)", 3.5),
    ...sealed("encrypted (wasm)", 1.5),
    sealedRoundTrip("encrypted (libcrypto)"),
    sealedRoundTrip("encrypted (wasm)"),
    ...DIRECTIONS.map(ipv6),
    ...DIRECTIONS.flatMap((direction) => [
      atLeast(tcpThroughput(direction, 1), "wireguard-go", 8),
      atLeast(tcpThroughput(direction, 1), "VXLAN", 0.5, " (stretch: 0.65)"),
    ]),
    atLeast(udpPeak(64), "wireguard-go", 2, " (stretch: 3)"),
    bound(udpLoss(64, 50_000), "none", (percent) => percent === 0),
    ...LOADS.flatMap(latency),
    ...DIRECTIONS.map((direction) => atMost(cpuPerGigabyte(direction, "vm"), "wireguard-go", 1 / 3)),
    ...ENDS.map((end) => bound(residentMemoryAfterLong(end), "below 90", (megabytes) => megabytes < 90)),
    ...ENDS.map((end) => bound(residentMemoryDrift(end), "within 3", (percent) => Math.abs(percent) <= 3)),
    ...(["server", "client"] as const).map((program) =>
      bound(startToFirstPacket(program), "within 150", (milliseconds) => milliseconds <= 150)
    ),
  ];
}
