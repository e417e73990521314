/** What a chart of a board shows, whatever its kind. Times are Unix seconds. */

import type uPlot from "uplot";

import type { Window } from "../../../grafana/range";

export type Colour = (token: string) => string;

/** Something to open: drawn as a dot. */
export interface Dot {
  time: number;
  /** On the scale of the chart. */
  y: number;
  href: string;
  label: string;
}

/** A moment that matters to all panels. */
export interface Mark {
  time: number;
  token: string;
  text: string;
}

/** A line of the box at the pointer. */
export interface Tip {
  token: string | null;
  name: string;
  text: string;
}

export interface Stroke {
  token: string;
  /** Share of the colour below the line, 0 to 1. */
  fill: number;
}

export interface Axis {
  range: (least: number | null, most: number | null) => [number, number];
  text: (value: number) => string;
  /** Distances between labels to choose from. */
  incrs?: number[];
  /** The values that have labels, where they are no round numbers. */
  splits?: (height: number) => number[];
  /** Most pixels of its width. */
  widest?: number;
  grid: boolean;
}

export interface Picture {
  /** Charts of different shapes are made anew; others only take new data. */
  shape: string;
  window: Window;
  data: uPlot.AlignedData;
  strokes: readonly Stroke[];
  bands: boolean;
  axis: Axis;
  /** Draws what is no line, before the lines. */
  paint?: (chart: uPlot, colour: Colour) => void;
  dots: readonly Dot[];
  marks: readonly Mark[];
  /** The place in the data of what is drawn at a moment, where it is not the nearest. */
  placeOf?: (time: number) => number;
  /** What the box says at a moment (its place in the data) and a height. */
  tips: (index: number, y: number) => Tip[];
}
