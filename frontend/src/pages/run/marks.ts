/** Orders on the equity curve. */

import type { Order } from "../../api/runQueries";
import type { Mark } from "../../components/chartMarks";

const NS = 1e9;

/** A mark for each order with fills, at its last one, on the curve (Unix seconds, values). */
export function fillMarks(
  orders: readonly Order[],
  times: readonly number[],
  values: readonly number[],
): Mark[] {
  const marks: Mark[] = [];
  for (const { filled_ns, side } of orders) {
    if (filled_ns === null) continue;
    const time = filled_ns / NS;
    const value = values[placeOf(time, times)];
    if (value !== undefined) marks.push({ time, value, up: side === "BUY" });
  }
  return marks;
}

/** Place of the last of ascending times that is not after `time`; the first for earlier ones. */
export function placeOf(time: number, times: readonly number[]): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
