/** Cumulative buckets of a histogram as cells over time. */

import type { RangeSeries } from "./model";
import { numberOf } from "./series";
import { timesOf, type Grid } from "./range";

export interface Heatmap {
  times: number[];
  /** Upper bounds of the rows, ascending; the last may be Infinity. */
  uppers: number[];
  /** Lower bound of the first row. */
  lowest: number;
  /** How many events each cell has: row by row, a column for each moment. */
  cells: Float64Array;
  most: number;
}

/** Rows that stay empty are left out at both ends, but for one. */
export function heatmapOf(series: readonly RangeSeries[], grid: Grid): Heatmap {
  const times = timesOf(grid);
  const buckets = series
    .map((one) => ({ upper: Number(one.metric.le?.replace("+Inf", "Infinity")), ...one }))
    .filter(({ upper }) => !Number.isNaN(upper))
    .sort((a, b) => a.upper - b.upper);
  const cells = new Float64Array(buckets.length * times.length);
  const below = new Float64Array(times.length);
  buckets.forEach(({ values }, row) => {
    for (const [time, text] of values) {
      const column = Math.round((time - grid.from) / grid.step);
      if (column < 0 || column >= times.length) continue;
      const sum = numberOf(text) ?? 0;
      // Rates of neighbouring buckets differ by rounding: less than nothing is nothing.
      cells[row * times.length + column] = Math.max(0, sum - (below[column] ?? 0));
      below[column] = Math.max(below[column] ?? 0, sum);
    }
  });
  const uppers = buckets.map(({ upper }) => upper);
  return trimmed({ times, uppers, lowest: 0, cells, most: most(cells) });
}

function most(cells: Float64Array): number {
  return cells.reduce((highest, value) => Math.max(highest, value), 0);
}

function trimmed(map: Heatmap): Heatmap {
  const columns = map.times.length;
  const used = map.uppers.map((_, row) =>
    map.cells.subarray(row * columns, (row + 1) * columns).some((value) => value > 0),
  );
  if (!used.includes(true)) return map;
  const first = Math.max(0, used.indexOf(true) - 1);
  const last = Math.min(used.length - 1, used.lastIndexOf(true) + 1);
  return {
    ...map,
    uppers: map.uppers.slice(first, last + 1),
    lowest: map.uppers[first - 1] ?? 0,
    cells: map.cells.slice(first * columns, (last + 1) * columns),
  };
}

/** Where a value stands, in rows from the bottom; null for values above all rows. */
export function rowOf(value: number, { uppers, lowest }: Heatmap): number | null {
  const row = uppers.findIndex((upper) => value <= upper);
  const upper = uppers[row];
  if (upper === undefined) return null;
  const lower = row === 0 ? lowest : (uppers[row - 1] ?? 0);
  if (value <= lower) return row;
  return Number.isFinite(upper) ? row + (value - lower) / (upper - lower) : row + 0.5;
}
