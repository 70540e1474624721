import assert from "node:assert/strict";
import { type Chart, drawChart, wrap } from "./chart.ts";

const chart: Chart = {
  title: 'Speed of "a" & <b>',
  panels: [
    {
      title: "One",
      bars: [
        { label: "peer", value: 25, text: "25 Mbit/s", tone: "peer" },
        { label: "own", value: 100, text: "100 Mbit/s", tone: "own" },
      ],
    },
    { title: "Two", bars: [{ label: "own", value: 0, text: "0", tone: "own" }] },
    { title: "Three", bars: [{ label: "own", value: 7, text: "7", tone: "own" }] },
  ],
  notes: ["Linux < 7", "command"],
};

const attribute = (element: string, name: string) =>
  Number(new RegExp(` ${name}="([\\d.]+)"`).exec(element)?.[1]);
const barsOf = (svg: string) => [...svg.matchAll(/<rect class="(?:own|peer)"[^>]*>/g)].map(([bar]) => bar);

/** Every element that is opened is closed, in order. */
function isBalanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, empty] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (closing === "/") {
      if (open.pop() !== name) return false;
    } else if (empty !== "/") open.push(name ?? "");
  }
  return open.length === 0;
}

Deno.test("bars are as long as their values within their own panel", () => {
  const widths = barsOf(drawChart(chart)).map((bar) => attribute(bar, "width"));
  assert.equal(widths.length, 4);
  assert.equal(widths[0], (widths[1] ?? 0) / 4);
  assert.equal(widths[2], 0);
  assert.equal(widths[3], widths[1]);
});

Deno.test("nothing lies outside the picture, and bars do not cover each other", () => {
  const svg = drawChart(chart);
  const [, , width = "", height = ""] = /viewBox="(\d+) (\d+) (\d+) (\d+)"/.exec(svg)?.slice(1) ?? [];
  const bars = barsOf(svg);
  for (const bar of bars) assert.ok(attribute(bar, "x") + attribute(bar, "width") < Number(width));
  for (const [, y] of svg.matchAll(/ y="([\d.]+)"/g)) assert.ok(Number(y) < Number(height));
  const places = bars.map((bar) => `${attribute(bar, "x")} ${attribute(bar, "y")}`);
  assert.equal(new Set(places).size, bars.length);
});

Deno.test("the picture is well formed, and text is text", () => {
  const svg = drawChart(chart);
  assert.ok(isBalanced(svg), svg);
  assert.match(svg, />Speed of &quot;a&quot; &amp; &lt;b&gt;<\/text>/);
  assert.match(svg, />Linux &lt; 7<\/text>/);
  assert.match(svg, />100 Mbit\/s<\/text>/);
});

Deno.test("dark pages get colours of their own", () => {
  const style = /<style>(.*)<\/style>/.exec(drawChart(chart))?.[1] ?? "";
  const [light = "", dark = ""] = style.split("@media(prefers-color-scheme:dark)");
  const page = /\.page\{fill:(#\w+)\}/;
  assert.notEqual(page.exec(light)?.[1], page.exec(dark)?.[1]);
});

Deno.test("a note that is too long goes on in the next line", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("unbreakable", 3), ["unbreakable"]);
});
