/** The picture of a panel of type timeseries. */

import uPlot from "uplot";

import { fieldConfig, type Panel, type Threshold } from "../../../grafana/model";
import { token } from "../../../grafana/colours";
import type { Grid, Window } from "../../../grafana/range";
import { stacked, type Lines } from "../../../grafana/series";
import { inUnit } from "../../../grafana/units";
import type { Axis, Colour, Dot, Mark, Picture, Tip } from "./picture";

const SERIES = 8;
const AXIS_DIGITS = 4;
const BINARY = Array.from({ length: 60 }, (_, power) => 2 ** power);
const SECONDS = [
  ...[-6, -5, -4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power)),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400],
  ...[2, 5, 10, 30, 100].map((days) => days * 86_400),
];
const INCREMENTS: Record<string, number[]> = { bytes: BINARY, s: SECONDS };

/** The token of the line in that place. */
export function seriesToken(place: number): string {
  return `series-${(place % SERIES) + 1}`;
}

interface Wanted {
  panel: Panel;
  grid: Grid;
  lines: Lines;
  /** The name of the only line to show; null for all. */
  only: string | null;
  dots: readonly Dot[];
  marks: readonly Mark[];
}

export function linesPicture({ panel, grid, lines, only, dots, marks }: Wanted): Picture {
  const config = fieldConfig(panel);
  const custom = config.custom ?? {};
  const piled = custom.stacking?.mode === "normal" && only === null;
  const values = lines.lines.map(({ label, values: own }) =>
    only === null || only === label ? own : own.map(() => null),
  );
  const heights = piled ? stacked(values) : values;
  const strokes = lines.lines.map((_, place) => ({
    token: seriesToken(place),
    fill: (custom.fillOpacity ?? 0) / 100,
  }));
  const limits = custom.thresholdsStyle?.mode === "dashed" ? (config.thresholds?.steps ?? []) : [];
  return {
    shape: `lines ${strokes.length} ${piled}`,
    window: grid,
    data: [lines.times, ...heights] as uPlot.AlignedData,
    strokes,
    bands: piled,
    axis: axisOf(panel),
    paint: (chart, colour) => paintLimits(chart, limits, colour),
    dots,
    marks,
    tips: (index) => tipsAt(index, lines, values, config.unit),
  };
}

function axisOf(panel: Panel): Axis {
  const { unit = "none", min, max } = fieldConfig(panel);
  const incrs = INCREMENTS[unit];
  return {
    grid: true,
    text: (value) => inUnit(value, unit, AXIS_DIGITS),
    ...(incrs ? { incrs } : {}),
    range: (least, most) => {
      const low = min ?? least ?? 0;
      if (most === null || most <= low) return [low, max ?? low + 1];
      const [, high] = uPlot.rangeNum(low, most, 0.1, true);
      const [below] = min === undefined ? uPlot.rangeNum(low, most, 0.1, true) : [min];
      return [below ?? low, max ?? high ?? most];
    },
  };
}

function paintLimits(chart: uPlot, limits: readonly Threshold[], colour: Colour): void {
  const { ctx } = chart;
  const { left, top, width, height } = chart.bbox;
  for (const { value, color } of limits) {
    if (value === null) continue;
    const y = chart.valToPos(value, "y", true);
    if (y < top || y > top + height) continue;
    ctx.save();
    ctx.strokeStyle = colour(token(color));
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.restore();
  }
}

/** All lines at a moment, the highest first. */
function tipsAt(
  index: number,
  { lines }: Lines,
  values: readonly (readonly (number | null)[])[],
  unit: string | undefined,
): Tip[] {
  return lines
    .map(({ label }, place) => ({ label, place, value: values[place]?.[index] ?? null }))
    .filter((one): one is typeof one & { value: number } => one.value !== null)
    .sort((a, b) => b.value - a.value)
    .map(({ label, place, value }) => ({
      token: seriesToken(place),
      name: label,
      text: inUnit(value, unit),
    }));
}

/** The dots of events whose values are on the axis of values; the highest of each few pixels. */
export function thinned(dots: readonly Dot[], { from, to }: Window, places = 48): Dot[] {
  const best = new Map<number, Dot>();
  for (const dot of dots) {
    if (dot.time < from || dot.time > to) continue;
    const place = Math.floor(((dot.time - from) / (to - from)) * places);
    const known = best.get(place);
    if (!known || dot.y > known.y) best.set(place, dot);
  }
  return [...best.values()];
}
