/**
 * The figures gathered of what is measured.
 *
 * @module
 */
import type { Metric } from "./metrics.ts";
import { PARTS } from "./options.ts";
import { median } from "./statistics.ts";
import { type Subject, SUBJECTS } from "./subjects.ts";

/** All figures of one metric and one subject. */
export interface Series {
  readonly metric: Metric;
  readonly subject: Subject;
  /** In the metric's unit, one per round. */
  readonly values: readonly number[];
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One run in its own words: what a series does not tell. */
export type Run = Readonly<Record<string, string | number>>;

/** All figures of one metric. */
interface Entry {
  readonly metric: Metric;
  readonly bySubject: Map<Subject, number[]>;
}

/** The figures of a whole benchmark, by part and then in the order in which metrics first appear. */
export class Figures {
  readonly runs: Run[] = [];
  readonly #values = new Map<string, Entry>();

  /** @param report told of each figure */
  constructor(readonly report: (line: string) => void = () => {}) {}

  /** Takes one figure. */
  add(metric: Metric, subject: Subject, value: number): void {
    const entry = this.#values.get(metric.id) ?? { metric, bySubject: new Map() };
    this.#values.set(metric.id, entry);
    entry.bySubject.set(subject, [...entry.bySubject.get(subject) ?? [], value]);
    this.report(`${subject}: ${metric.title}: ${value.toFixed(metric.digits)} ${metric.unit}`);
  }

  /** Takes down that a run failed and was repeated. */
  repeated(run: Run, why: string): void {
    this.runs.push({ ...run, repeatedAfter: why });
  }

  /** The metrics that have figures. */
  metrics(): Metric[] {
    return this.#entries().map(({ metric }) => metric);
  }

  /** What was measured of one metric for one subject; undefined where nothing was. */
  find(metric: Metric, subject: Subject): Series | undefined {
    const values = this.#values.get(metric.id)?.bySubject.get(subject);
    if (values === undefined) return undefined;
    const [min, max] = [Math.min(...values), Math.max(...values)];
    return { metric, subject, values, min, median: median(values), max };
  }

  /** The median of what was measured; undefined where nothing was. */
  median(metric: Metric, subject: Subject): number | undefined {
    return this.find(metric, subject)?.median;
  }

  /** One subject's median over another's. */
  ratio(metric: Metric, subject: Subject, yardstick: Subject): number | undefined {
    const [value, other] = [this.median(metric, subject), this.median(metric, yardstick)];
    return value === undefined || other === undefined || other === 0 ? undefined : value / other;
  }

  /** Everything of one metric, by subject. */
  of(metric: Metric): Series[] {
    return SUBJECTS.flatMap((subject) => this.find(metric, subject) ?? []);
  }

  /** Everything, by metric and then by subject. */
  series(): Series[] {
    return this.metrics().flatMap((metric) => this.of(metric));
  }

  #entries(): Entry[] {
    const place = ({ metric }: Entry) => PARTS.indexOf(metric.part);
    return [...this.#values.values()].sort((a, b) => place(a) - place(b));
  }
}
