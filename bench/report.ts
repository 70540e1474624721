/**
 * The figures as tables of text.
 *
 * @module
 */
import { formatTable } from "../tools/table.ts";
import { type Figures, type Metric, type Subject, SUBJECTS } from "./figures.ts";
import type { Verdict } from "./targets.ts";

const NOTHING = "-";

function cell(figures: Figures, metric: Metric, subject: Subject): string {
  return figures.median(metric, subject)?.toFixed(metric.digits) ?? NOTHING;
}

/** Medians, one metric a line, and how docker-connector's compares. */
export function formatFigures(figures: Figures): string {
  // A ratio of losses says nothing: most are 0.
  const ratio = (metric: Metric, yardstick: Subject) =>
    metric.unit === "%"
      ? NOTHING
      : figures.ratio(metric, "docker-connector", yardstick)?.toFixed(2) ?? NOTHING;
  const heading = ["median", "unit", ...SUBJECTS, "x wireguard-go", "x VXLAN"];
  const rows = figures.metrics().map((metric) => [
    metric.title,
    metric.unit,
    ...SUBJECTS.map((subject) => cell(figures, metric, subject)),
    ratio(metric, "wireguard-go"),
    ratio(metric, "VXLAN"),
  ]);
  return formatTable([heading, ...rows]);
}

/** Every target with what was measured. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ target, measured, met }) => [
    target,
    measured ?? "not measured",
    met === undefined ? NOTHING : met ? "yes" : "no",
  ]);
  return formatTable([["target", "measured", "met"], ...rows]);
}
