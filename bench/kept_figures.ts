/**
 * `deno run -A bench/kept_figures.ts [OLD.json=NEW.json]...`: writes the figures of kept results into the pages that show them,
 * between `<!-- figures: NAME.json -->` and `<!-- end of figures -->`, after another result has taken an old one's place. A test
 * compares pages and charts with the results.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { OperationError } from "../core/error.ts";
import { KEPT_ROWS, type Language, SENTENCES } from "./kept_rows.ts";
import { median } from "./statistics.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The pages with figures. */
export const PAGES: Readonly<Record<string, Language>> = {
  "README.md": "en",
  "README.zh-CN.md": "zh",
  "bench/README.md": "bench",
};

/** A series in the JSON of a result; what results of before 2026-11-27 lack is optional. */
export interface KeptSeries {
  readonly metric: string;
  readonly title: string;
  readonly unit: string;
  readonly subject: string;
  readonly label?: string;
  readonly values: readonly number[];
}

/** A case in the JSON of bench/scale.ts; before 2026-11-27 throughput was a list. */
interface KeptCase {
  readonly what: string;
  readonly count: number;
  readonly throughput: readonly number[] | { readonly values: readonly number[] };
}

/** The JSON of a result. */
export interface KeptResult {
  readonly command: string;
  readonly series?: readonly KeptSeries[];
  readonly cases?: readonly KeptCase[];
}

const BLOCK = /<!-- figures: (\S+\.json) -->\n[^]*?<!-- end of figures -->/g;

/** Reads a kept result. */
export function readResult(name: string): KeptResult {
  return JSON.parse(Deno.readTextFileSync(`${ROOT}bench/results/${name}`));
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const rule = (columns: number) => `|${"---|".repeat(columns)}`;

const three = (values: readonly number[], write: (value: number) => string) =>
  [Math.min(...values), median(values), Math.max(...values)].map(write);

function streams(series: readonly KeptSeries[], language: "en" | "zh"): string[] {
  const found = KEPT_ROWS.flatMap(({ metrics, subjects, ...words }) => {
    const one = series.find(({ metric, subject }) => metrics.includes(metric) && subjects.includes(subject));
    if (one === undefined) return [];
    return [row([words[language](one.label), (median(one.values) / 1000).toFixed(1)])];
  });
  return [row([SENTENCES[language].heading, "Gbit/s"]), rule(2), ...found];
}

/** All but the ways in which a figure is split up: its smallest, middle and largest value. */
function everything(series: readonly KeptSeries[]): string[] {
  const rows = series.map(({ title, unit, label, subject, values }) => {
    const digits = unit === "Mbit/s" || unit === "us" || unit.endsWith("/s") || unit === "1/GB" ? 0 : 2;
    return row([title, label ?? subject, ...three(values, (value) => value.toFixed(digits)), unit]);
  });
  return [row(["", "", "min", "median", "max", "unit"]), rule(6), ...rows];
}

function scale(cases: readonly KeptCase[]): string[] {
  const valuesOf = ({ throughput }: KeptCase) => throughput instanceof Array ? throughput : throughput.values;
  const rows = cases.map((one) => {
    const first = cases.find(({ what }) => what === one.what) ?? one;
    const ratio = (median(valuesOf(one)) / median(valuesOf(first))).toFixed(3);
    return row([`${one.count} ${one.what}`, ...three(valuesOf(one), (value) => value.toFixed(0)), ratio]);
  });
  return [row(["", "Mbit/s min", "median", "max", "x the first"]), rule(5), ...rows];
}

/** What stands between the two marks of a page. */
export function figuresOf(name: string, result: KeptResult, language: Language): string {
  const command = result.command.replace(/^deno /, "npx -y deno@2.9.6 ");
  const link = language === "bench" ? `results/${name}` : `bench/results/${name}`;
  const { cases, series = [] } = result;
  const table = cases !== undefined
    ? scale(cases)
    : language === "bench"
    ? everything(series)
    : streams(series, language);
  return ["", ...table, "", SENTENCES[language].source(link, command), ""].join("\n");
}

/** Writes every block of a page again. */
export function rewrite(
  text: string,
  language: Language,
  read: (name: string) => KeptResult,
  renamed: ReadonlyMap<string, string> = new Map(),
): string {
  return text.replace(BLOCK, (_, name: string) => {
    const current = renamed.get(name) ?? name;
    const figures = figuresOf(current, read(current), language);
    return `<!-- figures: ${current} -->\n${figures}\n<!-- end of figures -->`;
  });
}

/** The results that a page shows figures of. */
export function resultsIn(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([, name = ""]) => name);
}

if (import.meta.main) {
  const renamed = new Map(Deno.args.map((argument) => {
    const [old, current, ...rest] = argument.split("=");
    if (old !== undefined && current !== undefined && rest.length === 0) return [old, current] as const;
    console.error(new OperationError("usage", `Cannot use ${argument}: it is not OLD.json=NEW.json`).report);
    Deno.exit(64);
  }));
  for (const [page, language] of Object.entries(PAGES)) {
    const text = await Deno.readTextFile(ROOT + page);
    await Deno.writeTextFile(ROOT + page, rewrite(text, language, readResult, renamed));
  }
}
