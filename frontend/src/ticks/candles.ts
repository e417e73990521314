/** Bars as candles, where they stand far enough apart to be told from each other. */

import type uPlot from "uplot";

import type { Drawn } from "./protocol";

/** Pixels from one bar to the next, and how much of that a body takes. */
const LEAST_STEP = 5;
const BODY = 0.64;
const WIDEST = 24;

/** Columns of a view of bars, in their order. */
const [HIGH, LOW, CLOSE, OPEN] = [0, 1, 2, 3];

export interface Colours {
  up: string;
  down: string;
}

/** The least distance of two bars as a share of what is seen; they come in even steps, or gaps. */
export function step({ times, from, to }: Pick<Drawn, "times" | "from" | "to">): number {
  let least = Infinity;
  for (let row = 1; row < times.length; row += 1) {
    least = Math.min(least, (times[row] as number) - (times[row - 1] as number));
  }
  return least === Infinity ? 1 : least / (to - from);
}

/** Whether all bars are here, and have room. `width` in CSS pixels. */
export function haveRoom(view: Drawn, width: number): boolean {
  return view.inside <= view.times.length && step(view) * width >= LEAST_STEP;
}

/** Rising bars are hollow, falling ones filled. */
export function paintCandles(chart: uPlot, view: Drawn, colours: Colours): void {
  const { ctx, bbox } = chart;
  const { times, columns } = view;
  const body = Math.min(WIDEST * devicePixelRatio, BODY * step(view) * bbox.width);
  const at = (column: number, row: number) =>
    chart.valToPos(columns[column]?.[row] ?? NaN, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = devicePixelRatio;
  for (const rising of [true, false]) {
    ctx.strokeStyle = ctx.fillStyle = rising ? colours.up : colours.down;
    ctx.beginPath();
    times.forEach((time, row) => {
      const [open, close] = [at(OPEN, row), at(CLOSE, row)];
      if (close <= open !== rising) return;
      const x = chart.valToPos(time, "x", true);
      const [top, bottom] = [Math.min(open, close), Math.max(open, close)];
      ctx.moveTo(x, at(HIGH, row));
      ctx.lineTo(x, top);
      ctx.moveTo(x, bottom);
      ctx.lineTo(x, at(LOW, row));
      ctx.rect(x - body / 2, top, body, Math.max(1, bottom - top));
    });
    if (!rising) ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}
