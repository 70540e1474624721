/**
 * Which figures are drawn.
 *
 * @module
 */
import { type Bar, type Chart, drawChart, type Panel, type Tone } from "./chart.ts";
import type { Figures } from "./figures.ts";
import {
  accessorRoundTrip,
  accessorThroughput,
  cpuPerGigabyte,
  DIRECTIONS,
  ENDS,
  idleProcessor,
  idleWakeUps,
  type Metric,
  ROUND_TRIP_FIGURES,
  roundTrip,
  streamBeside,
  tcpThroughput,
  TUNNEL_ENDS,
  udpPeak,
} from "./metrics.ts";
import { labelOf, type PeerVersions, type Subject } from "./subjects.ts";
import { STREAMS } from "./tcp.ts";
import { LADDERS } from "./udp.ts";

const TONES: Readonly<Record<Subject, Tone>> = {
  "plain route": "reference",
  "VXLAN": "kernel",
  "wireguard-go": "peer",
  "wireguard-go of 2022": "peer",
  "docker-connector": "own",
  "docker-connector over gvproxy": "own",
  "docker-connector by the engine path": "own",
  "gvproxy alone": "reference",
  "exec stream": "reference",
  "accessor": "own",
};

const THROUGHPUT: readonly Metric[] = [
  ...STREAMS.flatMap((streams) => DIRECTIONS.map((direction) => tcpThroughput(direction, streams))),
  ...DIRECTIONS.map(accessorThroughput),
  ...LADDERS.map(({ payload }) => udpPeak(payload)),
  streamBeside("full"),
];

const LATENCY: readonly Metric[] = [
  roundTrip("idle", "p50"),
  roundTrip("idle", "p99"),
  ...ROUND_TRIP_FIGURES.map((figure) => roundTrip("full", figure)),
  roundTrip("paced", "p99"),
  accessorRoundTrip("p50"),
  accessorRoundTrip("p99"),
  ...DIRECTIONS.flatMap((direction) => TUNNEL_ENDS.map((end) => cpuPerGigabyte(direction, end))),
  ...ENDS.flatMap((end) => [idleProcessor(end), idleWakeUps(end)]),
];

/** A figure as charts write it. */
export function formatValue(value: number, digits: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The heading of a metric's panel. */
export function panelTitle({ title, unit }: Pick<Metric, "title" | "unit">): string {
  return `${title} (${unit})`;
}

function panelOf(figures: Figures, metric: Metric, versions: PeerVersions): Panel {
  const bars = figures.of(metric).map(({ subject, min, median, max }): Bar => ({
    label: labelOf(subject, versions),
    value: median,
    text: formatValue(median, metric.digits),
    tone: TONES[subject],
    spread: { min, max },
    isThin: subject === "wireguard-go of 2022",
  }));
  return { title: panelTitle(metric), bars };
}

/** What charts are drawn of. */
export interface ChartSource {
  readonly figures: Figures;
  readonly versions: PeerVersions;
  readonly notes: readonly string[];
}

function draw({ figures, versions, notes }: ChartSource, title: string, metrics: readonly Metric[]) {
  const panels = metrics.map((metric) => panelOf(figures, metric, versions)).filter(({ bars }) =>
    bars.length > 0
  );
  const chart: Chart = { title, panels, notes };
  return panels.length === 0 ? undefined : drawChart(chart);
}

/** The charts by name; those without any figure are left out. */
export function drawCharts(source: ChartSource): Map<string, string> {
  const charts = new Map<string, string>();
  const throughput = draw(source, "Throughput, more is better", THROUGHPUT);
  if (throughput !== undefined) charts.set("throughput", throughput);
  const latency = draw(source, "Round trip, processor time and idle cost, less is better", LATENCY);
  if (latency !== undefined) charts.set("latency", latency);
  return charts;
}
