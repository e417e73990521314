import { expect, it } from "vitest";

import type { BacktestResult } from "../../api/types";
import { curvesOf } from "./curves";
import { readCompareSearch } from "./search";

type Run = Pick<BacktestResult, "equity_curve" | "request">;

/** A run over the seconds from 0, whose window is an hour from `start` on. */
function made(start: number, points: [number, number][]): Run {
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
  return {
    equity_curve: points.map(([time, equity]) => [(start + time) * 1e9, equity]),
    request: { start: at(start), end: at(start + 3_600) },
  } as Run;
}

it("sets gains side by side at the times of both", () => {
  const a = made(0, [[0, 100], [10, 110]]); // prettier-ignore
  const b = made(0, [[5, 1_000], [20, 900]]); // prettier-ignore
  const found = curvesOf(a, b);
  expect(found.times).toEqual([0, 5, 10, 20]);
  expect(found.a.map((gain) => gain?.toFixed(2))).toEqual(["0.00", "0.00", "0.10", undefined]);
  expect(found.b.map((gain) => gain?.toFixed(2))).toEqual([undefined, "0.00", "0.00", "-0.10"]);
  expect(found.moved).toBe(0);
});

it("moves B to the beginning of A where their windows are apart", () => {
  const found = curvesOf(made(0, [[0, 1], [10, 2]]), made(86_400, [[0, 1], [10, 3]])); // prettier-ignore
  expect(found.moved).toBe(-86_400);
  expect(found.times).toEqual([0, 10]);
  expect(found.b).toEqual([0, 2]);
});

it("has no gain where there is no equity to begin with", () => {
  const found = curvesOf(made(0, []), made(0, [[0, 0], [1, 5]])); // prettier-ignore
  expect(found.times).toEqual([]);
});

it("reads two ids from the address", () => {
  expect(readCompareSearch({ a: "run-1", b: 7, c: "x" })).toEqual({ a: "run-1" });
});
