/**
 * The files that a run leaves in `bench/results/`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { drawCharts } from "./charts.ts";
import type { Figures } from "./figures.ts";
import { TUNNEL_MTU } from "./lanes.ts";
import type { Machine } from "./machine.ts";
import { labelOf, type PeerVersions } from "./subjects.ts";
import type { Verdict } from "./targets.ts";
import { describeInequality, type Link, type SocketBuffers } from "./tuning.ts";

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

/** A whole run. */
export interface Result {
  readonly date: Date;
  readonly command: string;
  readonly rounds: number;
  readonly machine: Machine;
  readonly versions: PeerVersions;
  /** Load of the machine before and after. */
  readonly load: { readonly before: number; readonly after: number };
  /** The interfaces of all topologies, when the rounds began. */
  readonly links: readonly Link[];
  /** The tunnels' UDP sockets at that time. */
  readonly sockets: readonly SocketBuffers[];
  readonly figures: Figures;
  readonly verdicts: readonly Verdict[];
  /** Whether every part was measured, so that it may stand for the latest. */
  readonly complete: boolean;
}

/** The name of a run's files. */
export function nameOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace(":", "")}Z`;
}

/** What the bars are and where the figures come from, a line each. */
export function provenance(result: Result): string[] {
  const { date, command, rounds, machine, versions, load, links, sockets } = result;
  const { processors, processor, kernel, congestionControl, connector, iperf3 } = machine;
  const day = date.toISOString().slice(0, 16).replace("T", " ");
  const loads = `load ${load.before.toFixed(2)} before, ${load.after.toFixed(2)} after`;
  return [
    "Linux to Linux in network namespaces, segmentation offload on; nothing is of a Mac. Bars: medians; lines: least to most",
    "Encrypted: wireguard-go and docker-accessor. Not encrypted: plain route, VXLAN, docker-connector, gvproxy, the exec stream",
    'Link: a veth pair of MTU 1500. "gvproxy": gVisor\'s network in user space instead, which the machine dials in both directions',
    "\"Engine's stream\": packets through a real Engine's unix socket, where the datagrams of gvproxy's lane would be",
    "The exec stream is no TCP: bytes through the Engine's unix socket, and round trips of 64 bytes through cat, not ping",
    "UDP over a plain route and VXLAN: the speed of the one sending thread; datagrams the receiver had no room for count",
    describeInequality(links, sockets),
    `${processors} x ${processor}, Linux ${kernel}, TCP ${congestionControl}, ${loads}`,
    [
      connector,
      `wireguard-go ${versions.wireguardGo} and ${versions.wireguardGoOf2022}`,
      `gvproxy ${versions.gvproxy}`,
      ...versions.engine === "" ? [] : [`Engine ${versions.engine}`],
      ...versions.cipher === "" ? [] : [`docker-accessor's cipher ${versions.cipher}`],
      iperf3.replace(/ \(.*/, ""),
    ].join("; "),
    `${day}Z, ${command}, ${rounds} rounds, tunnel MTU ${TUNNEL_MTU}`,
  ];
}

/** Everything as JSON. */
export function toJson(result: Result): string {
  const { date, command, rounds, machine, versions, load, links, sockets, figures, verdicts } = result;
  const series = figures.series().map(({ metric, subject, values, min, median, max }) => ({
    metric: metric.id,
    title: metric.title,
    unit: metric.unit,
    digits: metric.digits,
    subject,
    label: labelOf(subject, versions),
    values,
    min,
    median,
    max,
  }));
  const document = {
    date: date.toISOString(),
    command,
    rounds,
    commit: machine.commit,
    machine,
    versions,
    load,
    tunnelMtu: TUNNEL_MTU,
    underlayMtu: 1500,
    links,
    sockets,
    notes: provenance(result),
    series,
    targets: verdicts.map(({ target, measured = null, met = null }) => ({ target, measured, met })),
    runs: figures.runs,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Writes `DATE.json`, and the charts: as `latest-NAME.svg` when the run is complete, else as `DATE-NAME.svg`.
 *
 * @returns the paths below the repository
 */
export async function writeResult(result: Result): Promise<string[]> {
  const name = nameOf(result.date);
  const { figures, versions } = result;
  const files = new Map([[`${name}.json`, toJson(result)]]);
  for (const [chart, svg] of drawCharts({ figures, versions, notes: provenance(result) })) {
    files.set(`${result.complete ? "latest" : name}-${chart}.svg`, svg);
  }
  await Deno.mkdir(RESULTS, { recursive: true });
  for (const [file, text] of files) await Deno.writeTextFile(RESULTS + file, text);
  return [...files.keys()].map((file) => `bench/results/${file}`);
}
