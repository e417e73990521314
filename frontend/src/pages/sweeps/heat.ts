/** A sweep as a map of two parameters: which run stands in which cell. */

import type { SweepRun } from "../../api/types";
import { type FigureName, figureOf, isBetter } from "./figures";

export type Value = string | number | boolean | null;

export interface Cell {
  /** The best run of the cell by the figure; one without it where none has one; null: no run. */
  run: SweepRun | null;
  value: number | null;
  /** Runs of the cell: more than one where other parameters vary. */
  runs: number;
}

export interface Heat {
  xs: Value[];
  ys: Value[];
  /** Rows of `ys`, each with a cell for each of `xs`. */
  cells: Cell[][];
  /** Least and greatest value; null where no cell has one. */
  low: number | null;
  high: number | null;
}

/** Values of a parameter that runs are held to, as texts. */
export type Held = Readonly<Record<string, string>>;

export function valueOf(run: SweepRun, name: string): Value {
  return (run.params[name] ?? null) as Value;
}

/** Names and values of the parameters that differ between runs, in the order of the request. */
export function variedOf(runs: readonly SweepRun[]): Map<string, Value[]> {
  const found = new Map<string, Value[]>();
  const names = new Set(runs.flatMap((run) => Object.keys(run.params)));
  for (const name of names) {
    const values = distinct(runs.map((run) => valueOf(run, name)));
    if (values.length > 1) found.set(name, values);
  }
  return found;
}

/** The map of `x` across and `y` down; without `y` it has one row. */
export function heatOf(
  runs: readonly SweepRun[],
  x: string,
  y: string | undefined,
  figure: FigureName,
  held: Held = {},
): Heat {
  const own = runs.filter((run) =>
    Object.entries(held).every(([name, text]) => textOf(valueOf(run, name)) === text),
  );
  const xs = distinct(runs.map((run) => valueOf(run, x)));
  const ys = y === undefined ? [null] : distinct(runs.map((run) => valueOf(run, y)));
  const places = new Map<string, SweepRun[]>();
  for (const run of own) {
    const key = keyOf(valueOf(run, x), y === undefined ? null : valueOf(run, y));
    places.set(key, [...(places.get(key) ?? []), run]);
  }
  const cells = ys.map((down) =>
    xs.map((across) => cellOf(places.get(keyOf(across, down)), figure)),
  );
  const values = cells.flat().flatMap((cell) => cell.value ?? []);
  return {
    xs,
    ys,
    cells,
    low: values.length ? Math.min(...values) : null,
    high: values.length ? Math.max(...values) : null,
  };
}

function cellOf(runs: readonly SweepRun[] = [], figure: FigureName): Cell {
  let best: Cell = { run: runs[0] ?? null, value: null, runs: runs.length };
  for (const run of runs) {
    const value = figureOf(run, figure);
    if (value === null) continue;
    if (best.value === null || isBetter(figure, value, best.value)) best = { ...best, run, value };
  }
  return best;
}

function keyOf(x: Value, y: Value): string {
  return JSON.stringify([x, y]);
}

export function textOf(value: Value): string {
  return value === null ? "default" : String(value);
}

function distinct(values: readonly Value[]): Value[] {
  return [...new Set(values)].sort((a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : textOf(a) < textOf(b) ? -1 : 1,
  );
}
