/* global uPlot */
import { formatMs, formatRate, make } from "./format.js";

/** Seconds that the charts reach back. */
const SPAN = 15 * 60;

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
    while (columns.time[0] < time - SPAN) for (const column of Object.values(columns)) column.shift();
    this.#draw();
  }

  #draw() {
    const { time, sent, received, roundTripMs } = this.#columns;
    if (document.hidden) return;
    const end = time.at(-1) ?? Date.now() / 1000;
    const [throughput, roundTrip] = this.#charts;
    throughput.setData([time, received, sent], false);
    roundTrip.setData([time, roundTripMs], false);
    for (const [chart, columns] of [[throughput, [sent, received]], [roundTrip, [roundTripMs]]]) {
      const top = columns.flat().reduce((most, value) => Math.max(most, value ?? 0), 0);
      chart.batch(() => {
        chart.setScale("x", { min: end - SPAN, max: end });
        chart.setScale("y", { min: 0, max: top > 0 ? top * 1.12 : 1 });
      });
    }
    this.#describe();
  }

  #describe() {
    const { sent, received, roundTripMs } = this.#columns;
    const rows = [
      ["received", received, "desktop receives"],
      ["sent", sent, "desktop sends"],
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
      make("span", {}, "most in 15 min ", make("b", {}, known.length === 0 ? "\u2013" : formatMs(most))),
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
    const minutesAgo = (chart, splits) =>
      splits.map((at) => {
        const minutes = Math.round((chart.scales.x.max - at) / 60);
        return minutes === 0 ? "now" : `-${minutes} min`;
      });
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
            splits: (chart) => [15, 10, 5, 0].map((minutes) => chart.scales.x.max - minutes * 60),
            values: minutesAgo,
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
