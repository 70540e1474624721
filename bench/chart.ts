/**
 * Bar charts as SVG: panels of horizontal bars, readable on light and on dark pages.
 *
 * @module
 */

/** What a bar stands for, which decides its colour. */
export type Tone = "reference" | "kernel" | "peer" | "own";

/** The least and the most of what a bar is the middle of. */
export interface Spread {
  readonly min: number;
  readonly max: number;
}

/** One bar. */
export interface Bar {
  readonly label: string;
  /** Not below 0. */
  readonly value: number;
  /** The value as it is written beside the bar. */
  readonly text: string;
  readonly tone: Tone;
  /** Drawn as a thin line through the bar's end. */
  readonly spread?: Spread;
  /** Whether the bar itself is a thin line: what stands beside the others for memory's sake. */
  readonly isThin?: boolean;
}

/** Bars that are compared with each other. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** A whole chart. */
export interface Chart {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Where the figures come from, one line each. */
  readonly notes: readonly string[];
}

const COLUMNS = 2;
const MARGIN = 24;
const PANEL_WIDTH = 470;
const PANEL_HEAD = 34;
const PANEL_GAP = 22;
const ROW = 24;
const BAR = 16;
const THIN_BAR = 4;
const LABEL_WIDTH = 200;
/** The longest bar; behind it there is room for the value. */
const BAR_WIDTH = 170;
const HEAD = 58;
const NOTE = 17;
/** Characters of a note that fit beside each other at its size. */
const NOTE_WIDTH = 150;

/** Colours by tone, for light pages and for dark ones. */
const COLOURS: Readonly<Record<Tone, readonly [light: string, dark: string]>> = {
  reference: ["#b4bac4", "#5c6470"],
  kernel: ["#7d8da6", "#8496b3"],
  peer: ["#d08a2e", "#d9993f"],
  own: ["#1769c2", "#4f9df0"],
};

function rules(page: string, text: string, faint: string, side: 0 | 1): string {
  const tones = Object.entries(COLOURS).map(([tone, pair]) => `.${tone}{fill:${pair[side]}}`);
  return `.page{fill:${page}}.spread{stroke:${text};stroke-width:1.5}text{fill:${text}}.faint{fill:${faint}}${
    tones.join("")
  }`;
}

const STYLE = [
  "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif}",
  ".title{font-size:18px;font-weight:600}.panel{font-weight:600}.note{font-size:11px}",
  rules("#ffffff", "#1f2328", "#59636e", 0),
  `@media(prefers-color-scheme:dark){${rules("#0d1117", "#e6edf3", "#9198a1", 1)}}`,
].join("");

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

function text(x: number, y: number, classes: string, content: string, anchor = "start"): string {
  const place = `x="${x}" y="${y}" text-anchor="${anchor}"`;
  return `<text class="${classes}" ${place}>${escape(content)}</text>`;
}

function drawBar(bar: Bar, most: number, left: number, top: number): string {
  const start = left + LABEL_WIDTH;
  const across = (value: number) => most === 0 ? 0 : value / most * BAR_WIDTH;
  const width = across(bar.value);
  const baseline = top + BAR - 3;
  const height = bar.isThin === true ? THIN_BAR : BAR;
  const middle = top + BAR / 2;
  const shape = `x="${start}" y="${middle - height / 2}" width="${
    width.toFixed(1)
  }" height="${height}" rx="2"`;
  const { min, max } = bar.spread ?? { min: bar.value, max: bar.value };
  const [first, last] = [min, max].map((value) => (start + across(value)).toFixed(1));
  const spread = min === max ? [] : [`<path class="spread" d="M${first} ${middle}H${last}"/>`];
  return [
    text(start - 8, baseline, "faint", bar.label, "end"),
    `<rect class="${bar.tone}" ${shape}/>`,
    ...spread,
    text(Math.round(start + across(Math.max(bar.value, max)) + 6), baseline, "", bar.text),
  ].join("\n");
}

function drawPanel(panel: Panel, left: number, top: number): string {
  const most = Math.max(0, ...panel.bars.map(({ value, spread }) => Math.max(value, spread?.max ?? 0)));
  return [
    text(left, top + 16, "panel", panel.title),
    ...panel.bars.map((bar, index) => drawBar(bar, most, left, top + PANEL_HEAD + index * ROW)),
  ].join("\n");
}

/** Cuts a line between words where the page is too narrow for it. */
export function wrap(line: string, width: number = NOTE_WIDTH): string[] {
  const lines: string[] = [];
  for (const word of line.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Draws a chart; each panel has a scale of its own, from 0 to its longest bar. */
export function drawChart({ title, panels, notes }: Chart): string {
  const width = 2 * MARGIN + COLUMNS * PANEL_WIDTH;
  const body: string[] = [];
  let top = HEAD;
  for (let first = 0; first < panels.length; first += COLUMNS) {
    const row = panels.slice(first, first + COLUMNS);
    row.forEach((panel, column) => body.push(drawPanel(panel, MARGIN + column * PANEL_WIDTH, top)));
    top += PANEL_HEAD + ROW * Math.max(...row.map(({ bars }) => bars.length)) + PANEL_GAP;
  }
  const lines = notes.flatMap((note) => wrap(note));
  lines.forEach((note, index) => body.push(text(MARGIN, top + index * NOTE, "faint note", note)));
  const height = top + lines.length * NOTE + MARGIN / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escape(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    text(MARGIN, 36, "title", title),
    ...body,
    "</svg>",
    "",
  ].join("\n");
}
