import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { drawCharts, formatValue, panelTitle } from "./charts.ts";
import { Figures } from "./figures.ts";
import { PAGES, readResult, resultsIn, rewrite } from "./kept_figures.ts";
import type { KeptResult } from "./kept_tables.ts";
import { accessorThroughput, idleProcessor, roundTrip, tcpThroughput } from "./metrics.ts";
import { provenance, toJson } from "./result.ts";
import { resultOf } from "./result_fixture.ts";
import { median } from "./statistics.ts";
import { SUBJECTS } from "./subjects.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => Deno.readTextFileSync(ROOT + path);

/** The result that a chart was drawn of, by the date in its notes. */
function nameOf(chart: string): string {
  const [, day, hour, minute] = />(\d{4}-\d{2}-\d{2}) (\d{2}):(\d{2})Z, deno task bench/.exec(chart) ?? [];
  return `${day}T${hour}${minute}Z.json`;
}

/** Every bar of a chart as panel, label and value. */
function barsOf(chart: string): { readonly title: string; readonly label: string; readonly value: string }[] {
  let [title, label] = ["", ""];
  return [...chart.matchAll(/<text class="(panel|faint|)" [^>]*>([^<]*)</g)].flatMap(
    ([, kind, text = ""]) => {
      if (kind === "panel") title = text;
      if (kind === "faint") label = text;
      return kind === "" ? [{ title, label, value: text }] : [];
    },
  );
}

const digitsOf = (value: string) => value.split(".")[1]?.length ?? 0;

function faultsOf(chart: string, { series = [] }: KeptResult): string[] {
  return barsOf(chart).flatMap(({ title, label, value }) => {
    const one = series.find((each) => panelTitle(each) === title && (each.label ?? each.subject) === label);
    const expected = one === undefined ? "nothing" : formatValue(median(one.values), digitsOf(value));
    return value === expected ? [] : [`${title}, ${label}: ${value} beside ${expected}`];
  });
}

Deno.test("every page has the figures of the results that it names", () => {
  for (const [page, language] of Object.entries(PAGES)) {
    const text = read(page);
    assert.ok(resultsIn(text).length > 0, page);
    assert.equal(
      text,
      rewrite(text, language, readResult),
      `deno run -A bench/kept_figures.ts writes ${page}`,
    );
  }
});

Deno.test("every page shows the result that the charts were drawn of", () => {
  for (const name of ["throughput", "latency"]) {
    const latest = nameOf(read(`bench/results/latest-${name}.svg`));
    for (const page of Object.keys(PAGES)) {
      assert.ok(resultsIn(read(page)).includes(latest), `${page}: ${latest}`);
    }
  }
});

Deno.test("every bar of the latest charts has its result's median", () => {
  for (const name of ["throughput", "latency"]) {
    const chart = read(`bench/results/latest-${name}.svg`);
    assert.ok(barsOf(chart).length > 20, name);
    assert.deepEqual(faultsOf(chart, readResult(nameOf(chart))), []);
  }
});

Deno.test("a wrong figure is found, in a page and in a chart", () => {
  const chart = read("bench/results/latest-throughput.svg");
  const { label, title, value } = barsOf(chart)[0] ?? { label: "", title: "", value: "" };
  const wrong = chart.replace(`>${value}<`, ">1<");
  assert.match(
    faultsOf(wrong, readResult(nameOf(chart))).join("\n"),
    new RegExp(`${label}: 1 beside ${value}`),
  );
  assert.notEqual(title, "");
  const page = read("README.md");
  const other = page.replace(
    /(\| plain route|desktop to container: plain route, no tunnel \|) [\d.]+/,
    "$1 0.1",
  );
  assert.notEqual(other, page);
  assert.equal(rewrite(other, "en", readResult), page);
});

Deno.test("a run of today takes an old one's place in charts and pages", () => {
  const figures = new Figures();
  const metrics = [
    tcpThroughput("to", 1),
    accessorThroughput("to"),
    roundTrip("full", "p99"),
    idleProcessor("vm"),
  ];
  for (const [index, metric] of metrics.entries()) {
    for (const [place, subject] of SUBJECTS.entries()) {
      for (const value of [1, 3, 2]) figures.add(metric, subject, 1234.567 * (index + 1) * (place + value));
    }
  }
  const result = resultOf(figures);
  const { versions } = result;
  const name = "2026-01-02T0304Z.json";
  const kept: KeptResult = JSON.parse(toJson(result));
  for (const chart of drawCharts({ figures, versions, notes: provenance(result) }).values()) {
    assert.equal(nameOf(chart), name);
    assert.ok(barsOf(chart).length >= SUBJECTS.length);
    assert.deepEqual(faultsOf(chart, kept), []);
  }
  const before = nameOf(read("bench/results/latest-throughput.svg"));
  const readBoth = (asked: string) => asked === name ? kept : readResult(asked);
  for (const [page, language] of Object.entries(PAGES)) {
    const renewed = rewrite(read(page), language, readBoth, new Map([[before, name]]));
    assert.ok(resultsIn(renewed).includes(name) && !resultsIn(renewed).includes(before), page);
    assert.match(renewed, /wireguard-go 0\.0\.20260522/);
    assert.equal(rewrite(renewed, language, readBoth), renewed);
  }
});
