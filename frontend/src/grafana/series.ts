/** Answers of Prometheus as lines over the moments of a grid. */

import type { Panel, RangeSeries } from "./model";
import { timesOf, type Grid } from "./range";

export interface Line {
  label: string;
  metric: Record<string, string>;
  /** One for each moment of the grid. */
  values: (number | null)[];
}

export interface Lines {
  times: number[];
  lines: Line[];
}

/** The number that Prometheus writes; null for what no line can show. */
export function numberOf(text: string): number | null {
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : null;
}

/** What stands beside a line: `{{label}}` is the value of a label. */
export function legend(format: string | undefined, metric: Record<string, string>): string {
  if (format && format !== "__auto") {
    const text = format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => metric[name] ?? "");
    return text.trim() || "value";
  }
  const { __name__: name = "", ...labels } = metric;
  const all = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return all.length ? `${name}{${all.join(", ")}}` : name || "value";
}

/** The lines of all answers, in their order. `format` is the legend of each answer. */
export function linesOf(
  answers: readonly { format: string | undefined; series: readonly RangeSeries[] }[],
  grid: Grid,
): Lines {
  const times = timesOf(grid);
  const lines = answers.flatMap(({ format, series }) =>
    series.map(({ metric, values }) => ({
      label: legend(format, metric),
      metric,
      values: placed(values, grid, times.length),
    })),
  );
  return { times, lines };
}

/** The same of a panel: what was answered to each of its targets. */
export function panelLines(panel: Panel, answers: readonly unknown[], grid: Grid): Lines {
  const told = (panel.targets ?? []).map((target, place) => ({
    format: target.legendFormat,
    series: answers[place] as RangeSeries[],
  }));
  return linesOf(told, grid);
}

function placed(values: RangeSeries["values"], grid: Grid, count: number): (number | null)[] {
  const all = new Array<number | null>(count).fill(null);
  for (const [time, text] of values) {
    const index = Math.round((time - grid.from) / grid.step);
    if (index >= 0 && index < count) all[index] = numberOf(text);
  }
  return all;
}

/** Each line on top of those before it; where a line has no value it adds nothing. */
export function stacked(lines: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map((values) =>
    values.map((value, index) => {
      if (value === null) return null;
      const sum = (sums[index] ?? 0) + value;
      sums[index] = sum;
      return sum;
    }),
  );
}

/** Places of values that no line reaches, since both neighbours are missing. */
export function alone(values: readonly (number | null | undefined)[]): number[] {
  const found: number[] = [];
  values.forEach((value, index) => {
    if (value != null && values[index - 1] == null && values[index + 1] == null) found.push(index);
  });
  return found;
}

/** Stretches over which a line keeps its value; `to` is exclusive, an index. */
export interface Stretch {
  from: number;
  to: number;
  value: number;
}

/** What a state timeline draws of a line. */
export function stretches(values: readonly (number | null)[]): Stretch[] {
  const found: Stretch[] = [];
  values.forEach((value, index) => {
    const last = found.at(-1);
    if (value === null) return;
    if (last?.to === index && last.value === value) last.to = index + 1;
    else found.push({ from: index, to: index + 1, value });
  });
  return found;
}
