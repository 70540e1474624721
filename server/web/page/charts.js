/* global uPlot */
import { formatMs, formatRate, make } from "./format.js";

/** Seconds that the charts reach back: as far as there is something, but at least the first. */
const MIN_SPAN = 2 * 60;
const MAX_SPAN = 15 * 60;

function colorOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The two charts, over one set of columns. */
export class Charts {
  #columns = { time: [], sent: [], received: [], roundTripMs: [] };
  #charts = [];

  /** @param {{ throughput: HTMLElement, roundTrip: HTMLElement, throughputKey: HTMLElement, roundTripKey: HTMLElement }} places */
  constructor(places) {
    this.places = places;
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.#build());
    new ResizeObserver(() => this.#resize()).observe(places.throughput);
    this.#build();
  }

  /** Takes the whole history. */
  replace(columns) {
    this.#columns = columns;
    this.#draw();
  }

  /** Takes one more row; one that is there already is left out. */
  add({ time, sent, received, roundTripMs }) {
    const columns = this.#columns;
    if (time <= (columns.time.at(-1) ?? 0)) return;
    columns.time.push(time);
    columns.sent.push(sent);
    columns.received.push(received);
    columns.roundTripMs.push(roundTripMs);
    while (columns.time[0] < time - MAX_SPAN) for (const column of Object.values(columns)) column.shift();
    this.#draw();
  }

  #draw() {
    const { time, sent, received, roundTripMs } = this.#columns;
    if (document.hidden) return;
    const end = time.at(-1) ?? Date.now() / 1000;
    const span = Math.min(MAX_SPAN, Math.max(MIN_SPAN, end - (time[0] ?? end)));
    const [throughput, roundTrip] = this.#charts;
    throughput.setData([time, received, sent], false);
    roundTrip.setData([time, roundTripMs], false);
    for (const [chart, columns] of [[throughput, [sent, received]], [roundTrip, [roundTripMs]]]) {
      const top = columns.flat().reduce((most, value) => Math.max(most, value ?? 0), 0);
      chart.batch(() => {
        chart.setScale("x", { min: end - span, max: end });
        chart.setScale("y", { min: 0, max: top > 0 ? top * 1.12 : 1 });
      });
    }
    this.#describe();
  }

  #describe() {
    const { sent, received, roundTripMs } = this.#columns;
    const rows = [
      ["received", received, "received"],
      ["sent", sent, "sent"],
    ];
    this.places.throughputKey.replaceChildren(
      ...rows.map(([kind, column, words]) =>
        make("span", {}, make(`span.dot.${kind}`), `${words} `, make("b", {}, formatRate(column.at(-1) ?? 0)))
      ),
    );
    const known = roundTripMs.filter((value) => value !== null);
    const most = known.reduce((a, b) => Math.max(a, b), 0);
    this.places.roundTripKey.replaceChildren(
      make("span", {}, "now ", make("b", {}, formatMs(roundTripMs.at(-1)))),
      make("span", {}, "most ", make("b", {}, known.length === 0 ? "\u2013" : formatMs(most))),
    );
  }

  #resize() {
    for (const chart of this.#charts) {
      const width = chart.root.parentElement.clientWidth;
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: 190 });
    }
  }

  #build() {
    for (const chart of this.#charts) chart.destroy();
    const { throughput, roundTrip } = this.places;
    this.#charts = [
      this.#chart(throughput, formatRate, [["received", "--received"], ["sent", "--sent"]]),
      this.#chart(roundTrip, formatMs, [["round trip", "--received"]]),
    ];
    this.#draw();
  }

  #chart(place, format, series) {
    const [soft, line] = [colorOf("--soft"), colorOf("--line")];
    const axis = { stroke: soft, font: "12px system-ui", ticks: { show: false } };
    const ago = (chart, splits) =>
      splits.map((at) => {
        const seconds = Math.round(chart.scales.x.max - at);
        return seconds === 0 ? "now" : seconds < 60 ? `-${seconds} s` : `-${seconds / 60} min`;
      });
    const splits = ({ scales: { x: { min, max } } }) => {
      const step = [30, 60, 120, 300].find((seconds) => (max - min) / seconds <= 4.5) ?? 300;
      return Array.from({ length: Math.floor((max - min) / step) + 1 }, (_, index) => max - index * step).reverse();
    };
    return new uPlot(
      {
        width: Math.max(200, place.clientWidth),
        height: 190,
        padding: [8, 22, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false, auto: false }, y: { auto: false } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            splits,
            size: 30,
            values: ago,
          },
          {
            ...axis,
            size: 78,
            space: 42,
            grid: { stroke: line, width: 1 },
            values: (_, splits) => splits.map((value) => value === 0 ? "0" : format(value).replace(/\.0+ /, " ")),
          },
        ],
        series: [{}, ...series.map(([label, color]) => ({
          label,
          stroke: colorOf(color),
          fill: `${colorOf(color)}1f`,
          width: 1.75,
          points: { show: false },
          spanGaps: false,
        }))],
      },
      [[], ...series.map(() => [])],
      place,
    );
  }
}
