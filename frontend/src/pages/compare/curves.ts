/** Two equity curves on one axis: as gains since their beginnings, so that any two compare. */

import type { BacktestResult } from "../../api/types";

type Run = Pick<BacktestResult, "equity_curve" | "request">;

export interface Curves {
  /** Unix seconds, ascending. */
  times: number[];
  /** Gain since the beginning as a fraction; null outside of the run's window. */
  a: (number | null)[];
  b: (number | null)[];
  /** Seconds that B was moved by, so that both begin together; 0 where their windows overlap. */
  moved: number;
}

const NS = 1e9;

export function curvesOf(a: Run, b: Run): Curves {
  const [left, right] = [windowOf(a), windowOf(b)];
  const apart = left.to <= right.from || right.to <= left.from;
  const moved = apart ? left.from - right.from : 0;
  const one = gains(a);
  const two = gains(b).map(([time, gain]) => [time + moved, gain] as const);
  const times = [...new Set([...one, ...two].map(([time]) => time))].sort((x, y) => x - y);
  return { times, a: at(one, times), b: at(two, times), moved };
}

function windowOf({ request }: Run): { from: number; to: number } {
  return { from: Date.parse(request.start) / 1000, to: Date.parse(request.end) / 1000 };
}

type Point = readonly [time: number, gain: number];

function gains({ equity_curve }: Run): Point[] {
  const points = equity_curve ?? [];
  const first = points[0]?.[1];
  if (!first || first <= 0) return [];
  return points.map(([ns, equity]) => [ns / NS, equity / first - 1]);
}

/** The step function of the points at each of the times; null before the first and after the last. */
function at(points: readonly Point[], times: readonly number[]): (number | null)[] {
  let next = 0;
  return times.map((time) => {
    while (next < points.length && (points[next]?.[0] ?? Infinity) <= time) next += 1;
    const ended = next === points.length && time > (points.at(-1)?.[0] ?? -Infinity);
    return next === 0 || ended ? null : (points[next - 1]?.[1] ?? null);
  });
}
