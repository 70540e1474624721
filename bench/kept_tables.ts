/**
 * Tables of kept results for the pages that show them, as Markdown.
 *
 * @module
 */
import { KEPT_ROWS, WORDS } from "./kept_rows.ts";
import { mean, median } from "./statistics.ts";

/** A series in the JSON of a result; what results of before 2026-11-27 lack is optional. */
export interface KeptSeries {
  readonly metric: string;
  readonly title: string;
  readonly unit: string;
  readonly digits?: number;
  readonly subject: string;
  readonly label?: string;
  readonly values: readonly number[];
}

/** A case of bench/scale.ts; before 2026-11-27 its throughput was a list. */
interface KeptCase {
  readonly what: string;
  readonly count: number;
  readonly throughput: readonly number[] | { readonly values: readonly number[] };
}

/** Runs of bench/accessors.ts. */
interface KeptEcho {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly stallsPerSecond: number;
}
type KeptFlood = Readonly<
  Record<"quiet" | "closed" | "exposed", { readonly megabits: number; readonly mainThread: number }>
>;

/** The JSON of a result of any of the benchmarks. */
export interface KeptResult {
  readonly command: string;
  readonly series?: readonly KeptSeries[];
  readonly targets?: readonly {
    readonly target: string;
    readonly measured: string | null;
    readonly met: boolean | null;
  }[];
  readonly cases?: readonly KeptCase[];
  readonly echoes?: Readonly<Record<string, readonly KeptEcho[]>>;
  readonly floods?: Readonly<Record<string, readonly KeptFlood[]>>;
}

/** What a page has room for; the JSON has the rest. */
const SHOWN =
  /^(?:tcp|accessor|sessions|idle|start|darwin|rss\.(?:long|drift)|rtt\.(?:idle|full)|udp\.\d+\.peak$|udp\.64\.loss\.50000)/;

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(heading), `|${"---|".repeat(heading.length)}`, ...rows.map(row)];
}

const three = (values: readonly number[], digits: number) =>
  [Math.min(...values), median(values), Math.max(...values)].map((value) => value.toFixed(digits));

/** The few figures of the front page, in Gbit/s. */
export function streamTable({ series = [] }: KeptResult, language: "en" | "zh"): string[] {
  const words = WORDS[language];
  const rows = KEPT_ROWS.flatMap(({ metrics, subjects, word }) => {
    const one = series.find(({ metric, subject }) => metrics.includes(metric) && subjects.includes(subject));
    if (one === undefined) return [];
    const title = words[word].replace("{label}", one.label ?? words.oldWireguard);
    return [[title, (median(one.values) / 1000).toFixed(1)]];
  });
  return table([words.heading, "Gbit/s"], rows);
}

function seriesTable(series: readonly KeptSeries[]): string[] {
  const rows = series.filter(({ metric }) => SHOWN.test(metric)).map((one) => {
    const { title, unit, digits = unit === "%" || unit === "s/GB" ? 2 : 0, label, subject, values } = one;
    return [title, label ?? subject, ...three(values, digits), unit];
  });
  return table(["", "", "min", "median", "max", "unit"], rows);
}

function targetTable(targets: NonNullable<KeptResult["targets"]>): string[] {
  const word = (met: boolean | null) => met === null ? "" : met ? "met" : "**missed**";
  return table(
    ["target", "measured", ""],
    targets.map(({ target, measured, met }) => [target, measured ?? "not measured", word(met)]),
  );
}

function scaleTable(cases: readonly KeptCase[]): string[] {
  const valuesOf = ({ throughput }: KeptCase) => throughput instanceof Array ? throughput : throughput.values;
  const rows = cases.map((one) => {
    const first = cases.find(({ what }) => what === one.what) ?? one;
    const ratio = (median(valuesOf(one)) / median(valuesOf(first))).toFixed(3);
    return [`${one.count} ${one.what}`, ...three(valuesOf(one), 0), ratio];
  });
  return table(["", "Mbit/s min", "median", "max", "x the first"], rows);
}

function echoTable(echoes: Readonly<Record<string, readonly KeptEcho[]>>): string[] {
  const rows = Object.entries(echoes).map(([name, runs]) => [
    name,
    ...[runs.map(({ p50 }) => p50), runs.map(({ p99 }) => p99)].map((values) => median(values).toFixed(0)),
    Math.max(...runs.map(({ longest }) => longest)).toFixed(0),
    mean(runs.map(({ stallsPerSecond }) => stallsPerSecond)).toFixed(2),
  ]);
  return table(["echo every", "p50 us", "p99 us", "longest us", "stalls a second"], rows);
}

function floodTable(floods: Readonly<Record<string, readonly KeptFlood[]>>): string[] {
  const rows = Object.entries(floods).map(([name, runs]) => {
    const middle = (pick: (run: KeptFlood) => number) => median(runs.map(pick));
    return [
      name,
      ...(["quiet", "closed", "exposed"] as const).map((kind) =>
        middle((run) => run[kind].megabits).toFixed(0)
      ),
      middle(({ exposed, closed }) => exposed.megabits / closed.megabits).toFixed(2),
      (100 * middle(({ exposed }) => exposed.mainThread)).toFixed(1),
    ];
  });
  return table([
    "flood",
    "quiet Mbit/s",
    "closed port",
    "exposed port",
    "x closed",
    "main thread, % of a core",
  ], rows);
}

/** Every table of a result. */
export function tablesOf({ series, targets, cases, echoes = {}, floods = {} }: KeptResult): string[][] {
  return [
    ...series === undefined ? [] : [seriesTable(series)],
    ...targets === undefined || targets.length === 0 ? [] : [targetTable(targets)],
    ...cases === undefined ? [] : [scaleTable(cases)],
    ...Object.keys(echoes).length === 0 ? [] : [echoTable(echoes)],
    ...Object.keys(floods).length === 0 ? [] : [floodTable(floods)],
  ];
}
