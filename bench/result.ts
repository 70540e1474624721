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
import type { Link } from "./tuning.ts";
import type { Verdict } from "./targets.ts";

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

/** A whole run. */
export interface Result {
  readonly date: Date;
  readonly command: string;
  readonly machine: Machine;
  /** Load of the machine before and after. */
  readonly load: { readonly before: number; readonly after: number };
  /** The interfaces of all topologies, when the rounds began. */
  readonly links: readonly Link[];
  readonly figures: Figures;
  readonly verdicts: readonly Verdict[];
  /** Whether every part was measured, so that it may stand for the latest. */
  readonly complete: boolean;
}

/** What the bars are and where the figures come from, a line each. */
export function provenance({ date, command, machine, load }: Result): string[] {
  const { processors, processor, kernel, congestionControl, connector, wireguardGo, iperf3 } = machine;
  const day = date.toISOString().slice(0, 16).replace("T", " ");
  const loads = `load ${load.before.toFixed(2)} before, ${load.after.toFixed(2)} after`;
  return [
    "Linux to Linux, segmentation offload on; docker-connector unencrypted there, wireguard-go encrypts; nothing is of a Mac",
    "Buffers differ: docker-connector's sockets 8 MiB, wireguard-go's the kernel's default",
    `The encrypted bars are data planes run from source on deno ${Deno.version.deno}, with keys set by hand`,
    "UDP over a plain route and VXLAN: the speed of the one sending thread; datagrams the receiver had no room for count",
    `${processors} x ${processor}, Linux ${kernel}, TCP ${congestionControl}, ${loads}`,
    `${connector}; ${wireguardGo.replace(/\s+/, " ")}; ${iperf3.replace(/ \(.*/, "")}`,
    `${day}Z, ${command}, medians of the rounds, tunnel MTU ${TUNNEL_MTU}`,
  ];
}

/** Everything as JSON. */
export function toJson(result: Result): string {
  const { date, command, machine, load, links, figures, verdicts } = result;
  const series = figures.series().map(({ metric, subject, values, median }) => ({
    metric: metric.id,
    title: metric.title,
    unit: metric.unit,
    subject,
    values,
    median,
  }));
  const document = {
    date: date.toISOString(),
    command,
    commit: machine.commit,
    machine,
    load,
    tunnelMtu: TUNNEL_MTU,
    underlayMtu: 1500,
    links,
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
  const name = `${result.date.toISOString().slice(0, 16).replace(":", "")}Z`;
  const files = new Map([[`${name}.json`, toJson(result)]]);
  for (const [chart, svg] of drawCharts(result.figures, provenance(result))) {
    if (!result.complete) files.set(`${name}-${chart}.svg`, svg);
    if (result.complete) files.set(`latest-${chart}.svg`, svg);
  }
  await Deno.mkdir(RESULTS, { recursive: true });
  for (const [file, text] of files) await Deno.writeTextFile(RESULTS + file, text);
  return [...files.keys()].map((file) => `bench/results/${file}`);
}
