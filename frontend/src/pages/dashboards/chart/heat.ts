/** The picture of a panel of type heatmap. */

import type uPlot from "uplot";

import type { Heatmap } from "../../../grafana/heatmap";
import { fieldConfig, type Panel } from "../../../grafana/model";
import type { Grid } from "../../../grafana/range";
import { inUnit } from "../../../grafana/units";
import type { Colour, Dot, Picture } from "./picture";

const LEVELS = 16;
const LABEL_PIXELS = 18;
/** Grafana's exponential scale: few events are seen beside many. */
const EXPONENT = 0.5;

export function heatPicture(panel: Panel, grid: Grid, map: Heatmap, dots: readonly Dot[]): Picture {
  const { unit } = fieldConfig(panel);
  const rows = map.uppers.length;
  const bound = (row: number) => (row <= 0 ? map.lowest : (map.uppers[row - 1] ?? 0));
  const text = (row: number) => {
    const value = bound(row);
    return Number.isFinite(value) ? inUnit(value, unit) : "∞";
  };
  const least = panel.options?.filterValues?.le ?? 0;
  return {
    shape: "heat",
    window: grid,
    data: [map.times, map.times.map(() => null)],
    strokes: [{ token: "line", fill: 0 }],
    bands: false,
    axis: {
      grid: false,
      range: () => [0, Math.max(rows, 1)],
      splits: (height) => {
        const every = Math.max(1, Math.ceil((rows * LABEL_PIXELS) / Math.max(height, 1)));
        return Array.from({ length: Math.floor(rows / every) + 1 }, (_, index) => index * every);
      },
      text,
    },
    paint: (chart, colour) => paintCells(chart, map, grid.step, least, colour),
    dots,
    marks: [],
    // A cell stands for the time before its moment.
    placeOf: (time) => Math.ceil((time - grid.from) / grid.step),
    tips: (index, y) => {
      const row = Math.floor(y);
      const count = map.cells[row * map.times.length + index] ?? 0;
      if (row < 0 || row >= rows) return [];
      const level = count > least ? levelOf(count, map.most) : null;
      const name = `${text(row)} – ${text(row + 1)}`;
      return [
        { token: level === null ? null : tokenOf(level), name, text: inUnit(count, "short") },
      ];
    },
  };
}

function levelOf(count: number, most: number): number {
  return Math.min(LEVELS - 1, Math.floor((count / most) ** EXPONENT * LEVELS));
}

/** A mix of two colours of the scale. */
function tokenOf(level: number): string {
  const share = level / (LEVELS - 1);
  const [one, other, part] =
    share < 0.5 ? ["heat-1", "heat-2", share * 2] : ["heat-2", "heat-3", share * 2 - 1];
  return `color-mix(in oklab, var(--${other}) ${Math.round(part * 100)}%, var(--${one}))`;
}

function paintCells(
  chart: uPlot,
  { times, cells, uppers, most }: Heatmap,
  step: number,
  least: number,
  colour: Colour,
): void {
  const paths = Array.from({ length: LEVELS }, () => new Path2D());
  const gap = devicePixelRatio;
  const lefts = times.map((time) => chart.valToPos(time - step, "x", true));
  const whole = chart.valToPos(times[0] ?? 0, "x", true) - (lefts[0] ?? 0);
  // Between narrow columns a gap would be stripes.
  const width = whole > 6 * gap ? whole - gap : whole + 0.5;
  const columns = times.length;
  for (let row = 0; row < uppers.length; row += 1) {
    const top = chart.valToPos(row + 1, "y", true);
    const height = Math.max(1, chart.valToPos(row, "y", true) - top - gap);
    for (let column = 0; column < columns; column += 1) {
      const count = cells[row * columns + column] ?? 0;
      if (count > least) {
        paths[levelOf(count, most)]?.rect(lefts[column] ?? 0, top, width, height);
      }
    }
  }
  const { ctx } = chart;
  const { left, top, width: inner, height } = chart.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, inner, height);
  ctx.clip();
  paths.forEach((path, level) => {
    ctx.fillStyle = mixed(level, colour);
    ctx.fill(path);
  });
  ctx.restore();
}

/** The same for a canvas, which knows no variables of CSS. */
function mixed(level: number, colour: Colour): string {
  return tokenOf(level).replace(/var\(--([\w-]+)\)/g, (_, name: string) => colour(name));
}
