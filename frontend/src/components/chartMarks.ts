/** Points of time on a chart: triangles that point up or down, beside the line. */

import type uPlot from "uplot";

export interface Mark {
  /** Unix seconds. */
  time: number;
  /** Where it stands on the scale of the values. */
  value: number;
  up: boolean;
}

const SIZE = 5;
const GAP = 4;

/** Draws marks over the lines; `up` ones stand below their point, the others above it. */
export function drawMarks(marks: () => readonly Mark[], up: string, down: string) {
  return (chart: uPlot): void => {
    const { ctx } = chart;
    const { min = 0, max = 0 } = chart.scales.x ?? {};
    ctx.save();
    for (const mark of marks()) {
      if (mark.time < min || mark.time > max) continue;
      const x = chart.valToPos(mark.time, "x", true);
      const y = chart.valToPos(mark.value, "y", true);
      triangle(ctx, x, y, mark.up ? 1 : -1, devicePixelRatio);
      ctx.fillStyle = mark.up ? up : down;
      ctx.fill();
    }
    ctx.restore();
  };
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, way: number, scale: number) {
  const [tip, base, half] = [GAP * scale * way, (GAP + 1.6 * SIZE) * scale * way, SIZE * scale];
  ctx.beginPath();
  ctx.moveTo(x, y + tip);
  ctx.lineTo(x - half, y + base);
  ctx.lineTo(x + half, y + base);
  ctx.closePath();
}
