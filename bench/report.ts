/**
 * The figures as tables of text.
 *
 * @module
 */
import { formatTable } from "../tools/table.ts";
import type { Figures, Series } from "./figures.ts";
import { labelOf, type PeerVersions, type Subject } from "./subjects.ts";
import type { Verdict } from "./targets.ts";

const NOTHING = "-";

/** A line for each subject of each metric: the rounds' smallest, middle and largest figure, and ratios of medians. */
export function formatFigures(figures: Figures, versions: PeerVersions): string {
  const ratio = ({ metric, subject }: Series, yardstick: Subject) =>
    // A ratio of losses says nothing: most are 0.
    metric.unit === "%" ? NOTHING : figures.ratio(metric, subject, yardstick)?.toFixed(2) ?? NOTHING;
  const heading = ["", "", "min", "median", "max", "unit", "x wireguard-go", "x VXLAN"];
  const rows = figures.metrics().flatMap((metric) =>
    figures.of(metric).map((series, index) => [
      index === 0 ? metric.title : "",
      labelOf(series.subject, versions),
      ...[series.min, series.median, series.max].map((value) => value.toFixed(metric.digits)),
      metric.unit,
      ratio(series, "wireguard-go"),
      ratio(series, "VXLAN"),
    ])
  );
  return formatTable([heading, ...rows]);
}

/** Every target with what was measured. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ target, measured, met }) => [
    target,
    measured ?? "not measured",
    met === undefined ? NOTHING : met ? "met" : "missed",
  ]);
  return formatTable([["target", "measured", ""], ...rows]);
}
