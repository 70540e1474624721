/**
 * The answer to `GET /metrics`: the status in Prometheus' text format, version 0.0.4. docs/guide/metrics.md describes each
 * metric; the names follow https://prometheus.io/docs/practices/naming/.
 *
 * @module
 */
import type * as prometheus from "prom-client";
// The package's main module also loads process metrics, node:cluster and OpenTelemetry: 20 ms and 6 MB instead of 4 and 2.
import CounterMetric from "prom-client/lib/counter.js";
import GaugeMetric from "prom-client/lib/gauge.js";
import MetricRegistry from "prom-client/lib/registry.js";
import { DROPS } from "../../core/counters.ts";
import type { ServerStatus } from "../status/status_document.ts";
import type { ShownContainer } from "./page_state.ts";

const Registry: typeof prometheus.Registry = MetricRegistry;
const Counter: typeof prometheus.Counter = CounterMetric;
const Gauge: typeof prometheus.Gauge = GaugeMetric;

/** The Content-Type of the format. */
export const METRICS_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

type Labels = Readonly<Record<string, string>>;
type Values = readonly (readonly [value: number, labels?: Labels])[];

/** Metrics of one moment. The values are kept elsewhere, so each answer has a registry of its own. */
class Metrics {
  readonly registry = new Registry();

  counter(name: string, help: string, values: Values): void {
    if (values.length === 0) return;
    const metric = new Counter({ ...this.#common(name, help, values) });
    for (const [value, labels = {}] of values) metric.inc(labels, value);
  }

  gauge(name: string, help: string, values: Values): void {
    if (values.length === 0) return;
    const metric = new Gauge({ ...this.#common(name, help, values) });
    for (const [value, labels = {}] of values) metric.set(labels, value);
  }

  /** A gauge that is 1 or 0. */
  flag(name: string, help: string, isSo: boolean): void {
    this.gauge(name, help, [[Number(isSo)]]);
  }

  #common(name: string, help: string, values: Values) {
    const labelNames = Object.keys(values[0]?.[1] ?? {});
    return { name: `docker_connector_${name}`, help, labelNames, registers: [this.registry] };
  }
}

/** Writes the metrics of a server; without `containers` those are not known. */
export async function metricsText(
  status: ServerStatus,
  containers: readonly ShownContainer[] | undefined,
): Promise<string> {
  const metrics = new Metrics();
  addProcess(metrics, status);
  addPaths(metrics, status);
  addDocker(metrics, status, containers);
  addFaults(metrics, status);
  if (status.sharing !== null) addSharing(metrics, status.sharing);
  return await metrics.registry.metrics();
}

function addProcess(metrics: Metrics, { version, commit, deno, startedAt, config }: ServerStatus): void {
  metrics.gauge("build_info", "Always 1; the labels tell what runs.", [[1, { version, commit, deno }]]);
  const started = Date.parse(startedAt) / 1000;
  metrics.gauge("start_time_seconds", "When the server started, in seconds since 1970.", [[started]]);
  const loaded = Date.parse(config.loadedAt) / 1000;
  metrics.gauge("config_loaded_timestamp_seconds", "When the config was taken over, in seconds since 1970.", [
    [
      loaded,
    ],
  ]);
  metrics.flag(
    "config_valid",
    "Whether the config file as it is now is free of faults.",
    config.faults.length === 0,
  );
}

function addPaths(metrics: Metrics, { client, paths, counters }: ServerStatus): void {
  metrics.flag("client_connected", "Whether a client has made itself known.", client !== null);
  if (client !== null) {
    metrics.gauge("client_last_heard_seconds", "Seconds since the client's last datagram.", [[
      client.lastHeardSeconds,
    ]]);
  }
  metrics.gauge(
    "path_in_use",
    "1 for the path that packets take.",
    paths.list.map(({ kind }) => [Number(kind === paths.inUse), { path: kind }]),
  );
  metrics.gauge(
    "path_up",
    "1 for a path that works, whether it is used or not.",
    paths.list.map(({ kind, state }) => [Number(["in-use", "standby"].includes(state)), { path: kind }]),
  );
  metrics.gauge(
    "path_round_trip_seconds",
    "The least of the last round trips on a path.",
    paths.list.flatMap(({ kind, roundTripMs }) =>
      roundTripMs === null ? [] : [[roundTripMs / 1000, { path: kind }]]
    ),
  );
  for (const unit of ["packets", "bytes"] as const) {
    metrics.counter(
      `path_${unit}_total`,
      unit === "bytes"
        ? "Bytes of the IP packets that a path carried, without the headers that the tunnel adds."
        : "IP packets that a path carried. The system may join packets of one connection to a large one.",
      paths.list.flatMap(({ kind, sent, received }) => [
        ...sent === undefined ? [] : [[sent[unit], { path: kind, direction: "sent" }] as const],
        ...received === undefined ? [] : [[received[unit], { path: kind, direction: "received" }] as const],
      ]),
    );
  }
  addDrops(
    metrics,
    "drops_total",
    "Packets and datagrams that were dropped in the tunnel, by reason.",
    counters.drops,
  );
}

function addDrops(
  metrics: Metrics,
  name: string,
  help: string,
  drops: Readonly<Record<string, number>>,
): void {
  const known = Object.entries(drops).filter(([reason]) => reason in DROPS);
  metrics.counter(name, help, known.map(([reason, count]) => [count, { reason }]));
}

function addDocker(
  metrics: Metrics,
  { docker, routes }: ServerStatus,
  containers: readonly ShownContainer[] | undefined,
): void {
  metrics.flag("engine_connected", "Whether the Docker Engine answers.", docker.state === "connected");
  metrics.gauge("networks", "Networks of the Docker Engine.", [[docker.networks.length]]);
  metrics.gauge(
    "routes",
    "Routes to container networks by their state.",
    (["active", "failed"] as const).map((state) => [
      routes.filter((route) => route.state === state).length,
      { state },
    ]),
  );
  if (containers === undefined) return;
  metrics.gauge(
    "network_containers",
    "Running containers of a network.",
    docker.networks.map(({ name }) => [
      containers.filter(({ networks }) => networks.some((network) => network.name === name)).length,
      { network: name },
    ]),
  );
  metrics.gauge("containers", "Running containers.", [[containers.length]]);
}

function addFaults(metrics: Metrics, { faults }: ServerStatus): void {
  metrics.gauge(
    "faults",
    "Faults that are shown by status, by severity.",
    ["error", "warning"].map((severity) => [
      faults.filter((fault) => fault.severity === severity).length,
      { severity },
    ]),
  );
  const counts = Map.groupBy(faults, ({ code, severity }) => `${code} ${severity}`);
  metrics.gauge(
    "fault",
    "Faults that are shown by status, by code.",
    [...counts.values()].map((
      same,
    ) => [same.length, { code: same[0]?.code ?? "", severity: same[0]?.severity ?? "" }]),
  );
}

function addSharing(metrics: Metrics, sharing: NonNullable<ServerStatus["sharing"]>): void {
  const { sessions, handshakes, tokens, drops, fault } = sharing;
  metrics.flag("sharing_open", "Whether accessors can log in.", fault === undefined);
  metrics.gauge("tokens", "Tokens of accessors.", [[tokens]]);
  metrics.gauge("sessions", "Sessions of accessors.", [[sessions.length]]);
  metrics.counter("handshakes_total", "Handshakes with accessors that were answered.", [[handshakes]]);
  for (const unit of ["packets", "bytes"] as const) {
    metrics.counter(
      `session_${unit}_total`,
      unit === "bytes" ? "Bytes of the IP packets of a session." : "IP packets of a session.",
      sessions.flatMap(({ address, sent, received }) => [
        [sent[unit], { accessor: address, direction: "sent" }] as const,
        [received[unit], { accessor: address, direction: "received" }] as const,
      ]),
    );
  }
  addDrops(
    metrics,
    "sharing_drops_total",
    "Packets and datagrams of accessors that were dropped, by reason.",
    drops,
  );
}
