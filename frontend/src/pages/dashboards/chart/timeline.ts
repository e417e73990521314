/** The picture of a panel of type state-timeline. */

import type uPlot from "uplot";

import { reached, token } from "../../../grafana/colours";
import { fieldConfig, type Panel } from "../../../grafana/model";
import type { Grid } from "../../../grafana/range";
import { stretches, type Lines } from "../../../grafana/series";
import { inUnit } from "../../../grafana/units";
import type { Colour, Picture } from "./picture";

const ROW = 0.8;
const CHARACTER = 6.2;

export interface State {
  text: string;
  token: string;
}

/** What a value means: a mapping of the panel, else its threshold. */
export function stateOf(panel: Panel, value: number): State {
  const { mappings = [], thresholds, unit } = fieldConfig(panel);
  const mapped = mappings.map(({ options }) => options[String(value)]).find(Boolean);
  const colour = mapped?.color ?? reached(thresholds?.steps ?? [], value);
  return { text: mapped?.text ?? inUnit(value, unit), token: token(colour) };
}

export function timelinePicture(panel: Panel, grid: Grid, { times, lines }: Lines): Picture {
  const rows = lines.length;
  const label = (row: number) => lines[rows - 1 - row]?.label ?? "";
  return {
    shape: "timeline",
    window: grid,
    data: [times, times.map(() => null)],
    strokes: [{ token: "line", fill: 0 }],
    bands: false,
    axis: {
      grid: false,
      range: () => [0, Math.max(rows, 1)],
      splits: () => Array.from({ length: rows }, (_, row) => row + 0.5),
      text: (middle) => label(Math.floor(middle)),
      widest: 190,
    },
    paint: (chart, colour) => paint(chart, panel, grid, { times, lines }, colour),
    dots: [],
    marks: [],
    placeOf: (time) => Math.floor((time - grid.from) / grid.step),
    tips: (index, y) => {
      const line = lines[rows - 1 - Math.floor(y)];
      const value = line?.values[index] ?? null;
      if (!line || value === null) return [];
      const state = stateOf(panel, value);
      return [{ token: state.token, name: line.label, text: state.text }];
    },
  };
}

function paint(chart: uPlot, panel: Panel, grid: Grid, { lines }: Lines, colour: Colour): void {
  const { ctx } = chart;
  const { left, width } = chart.bbox;
  const right = left + width;
  const at = (index: number) =>
    Math.min(right, Math.max(left, chart.valToPos(grid.from + index * grid.step, "x", true)));
  lines.forEach(({ values }, line) => {
    const middle = lines.length - line - 0.5;
    const top = chart.valToPos(middle + ROW / 2, "y", true);
    const height = chart.valToPos(middle - ROW / 2, "y", true) - top;
    for (const { from, to, value } of stretches(values)) {
      ctx.fillStyle = colour(stateOf(panel, value).token);
      ctx.globalAlpha = 0.8;
      ctx.fillRect(at(from), top, Math.max(1, at(to) - at(from)), height);
    }
  });
  ctx.globalAlpha = 1;
}

/** A label that fits into so many pixels. */
export function fitted(text: string, pixels: number): string {
  const most = Math.max(4, Math.floor(pixels / CHARACTER));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
