/**
 * Which figures are drawn.
 *
 * @module
 */
import { type Bar, type Chart, drawChart, type Panel, type Tone } from "./chart.ts";
import {
  cpuPerGigabyte,
  DIRECTIONS,
  type Figures,
  type Metric,
  roundTrip,
  sessionRoundTrip,
  sessionThroughput,
  type Subject,
  SUBJECTS,
  tcpThroughput,
  udpPeak,
} from "./figures.ts";
import { STREAMS } from "./tcp.ts";
import { LADDERS } from "./udp.ts";

const TONES: Readonly<Record<Subject, Tone>> = {
  "plain route": "reference",
  "VXLAN": "kernel",
  "wireguard-go": "peer",
  "docker-connector": "own",
  "encrypted (libcrypto)": "own",
  "encrypted (wasm)": "own",
};

const THROUGHPUT: readonly Metric[] = [
  ...STREAMS.flatMap((streams) => DIRECTIONS.map((direction) => tcpThroughput(direction, streams))),
  ...LADDERS.map(({ payload }) => udpPeak(payload)),
  ...DIRECTIONS.map(sessionThroughput),
];

const LATENCY: readonly Metric[] = [
  roundTrip("idle", 50),
  roundTrip("idle", 99),
  roundTrip("paced", 50),
  roundTrip("paced", 99),
  roundTrip("full", 50),
  roundTrip("full", 99),
  cpuPerGigabyte("to", "desktop"),
  cpuPerGigabyte("to", "vm"),
  cpuPerGigabyte("from", "desktop"),
  cpuPerGigabyte("from", "vm"),
  sessionRoundTrip(50),
  sessionRoundTrip(99),
];

function panelOf(figures: Figures, metric: Metric): Panel {
  const bars = SUBJECTS.flatMap((subject): Bar[] => {
    const value = figures.median(metric, subject);
    if (value === undefined) return [];
    const text = value.toLocaleString("en", {
      minimumFractionDigits: metric.digits,
      maximumFractionDigits: metric.digits,
    });
    return [{ label: subject, value, text, tone: TONES[subject] }];
  });
  return { title: `${metric.title} (${metric.unit})`, bars };
}

function draw(
  figures: Figures,
  title: string,
  metrics: readonly Metric[],
  notes: readonly string[],
): string | undefined {
  const panels = metrics.map((metric) => panelOf(figures, metric)).filter(({ bars }) => bars.length > 0);
  const chart: Chart = { title, panels, notes };
  return panels.length === 0 ? undefined : drawChart(chart);
}

/** The charts by name; those without any figure are left out. */
export function drawCharts(figures: Figures, notes: readonly string[]): Map<string, string> {
  const charts = new Map<string, string>();
  const throughput = draw(
    figures,
    "Throughput, more is better",
    THROUGHPUT,
    notes,
  );
  if (throughput !== undefined) charts.set("throughput", throughput);
  const latency = draw(figures, "Round trip and processor time, less is better", LATENCY, notes);
  if (latency !== undefined) charts.set("latency", latency);
  return charts;
}
