/** The large numbers of a stat panel. */

import { reached, token } from "./colours";
import {
  fieldConfig,
  type InstantSample,
  type Panel,
  type RangeSeries,
  type Target,
} from "./model";
import { reduced } from "./reduce";
import { linesOf, legend, numberOf } from "./series";
import { tableOf, TRACE, type FoundTrace, type Table } from "./tables";
import type { Grid } from "./range";
import { inUnit } from "./units";

export interface Stat {
  name: string;
  text: string;
  /** Token of its colour. */
  colour: string;
  /** Values over time, where the panel draws them. */
  course: readonly (number | null)[] | null;
  /** The row that links are filled with. */
  row: Table["rows"][number];
}

/** `answers` are those of the panel's targets, in their order. */
export function statsOf(panel: Panel, answers: readonly unknown[], grid: Grid): Stat[] {
  const targets = panel.targets ?? [];
  return targets.flatMap((target, index) => {
    const answer = answers[index];
    if (answer === undefined) return [];
    if (!target.expr) return fromSpans(panel, target, answer as FoundTrace[]);
    if (target.instant) return fromSamples(panel, target, answer as InstantSample[]);
    return fromRange(panel, target, answer as RangeSeries[], grid);
  });
}

function fromSamples(panel: Panel, target: Target, samples: readonly InstantSample[]): Stat[] {
  return samples.map(({ metric, value }) =>
    stat(panel, legend(target.legendFormat, metric), numberOf(value[1]), null, {}),
  );
}

function fromRange(panel: Panel, target: Target, series: RangeSeries[], grid: Grid): Stat[] {
  const calc = panel.options?.reduceOptions?.calcs[0] ?? "lastNotNull";
  const { lines } = linesOf([{ format: target.legendFormat, series }], grid);
  return lines.map(({ label, values }) => {
    const course = panel.options?.graphMode === "area" ? values : null;
    return stat(panel, label, reduced(calc, values), course, {});
  });
}

/** Each field of the first span that is a number. */
function fromSpans(panel: Panel, target: Target, traces: readonly FoundTrace[]): Stat[] {
  const { fields, rows } = tableOf(panel, target, traces);
  const row = rows[0];
  if (!row) return [];
  return fields
    .map((field) => [field, row[field]] as const)
    .filter(([field, cell]) => typeof cell === "number" && field !== TRACE)
    .map(([field, cell]) => stat(panel, field, cell as number, null, row));
}

function stat(
  panel: Panel,
  field: string,
  value: number | null,
  course: Stat["course"],
  row: Stat["row"],
): Stat {
  const { unit, displayName, thresholds, noValue = "–" } = fieldConfig(panel, field);
  const coloured = panel.options?.colorMode === "value" && value !== null;
  return {
    name: displayName ?? field,
    text: value === null ? noValue : inUnit(value, unit),
    colour: coloured ? token(reached(thresholds?.steps ?? [], value)) : "text",
    course,
    row,
  };
}
