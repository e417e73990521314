import { expect, it } from "vitest";

import { gridOf, moment, rateInterval, resolve, stepFor, timesOf, widened } from "./range";

it.each([
  ["now", 10_000],
  ["now-1h", 6_400],
  ["now-2d", -162_800],
  ["1700000000000", 1_700_000_000],
  ["yesterday", null],
  ["now-1y", null],
])("reads %s", (text, seconds) => {
  expect(moment(text, 10_000)).toBe(seconds);
});

it("shows the last hour where the range is unclear", () => {
  expect(resolve({ from: "x", to: "now" }, 7_200)).toEqual({ from: 3_600, to: 7_200 });
  expect(resolve({ from: "now", to: "now-1h" }, 7_200)).toEqual({ from: 3_600, to: 7_200 });
});

it("asks for no more points than there are pixels, and not between scrapes", () => {
  expect(stepFor({ from: 0, to: 21_600 }, 600)).toBe(60);
  expect(stepFor({ from: 0, to: 300 }, 600)).toBe(5);
  expect(stepFor({ from: 0, to: 365 * 86_400 }, 100)).toBeGreaterThanOrEqual(315_360);
});

it("puts panels of nearly the same width on the same grid", () => {
  const window = { from: 1_003, to: 6_503 };
  expect(gridOf(window, 512)).toEqual(gridOf(window, 588));
  expect(gridOf(window, 512)).toEqual({ from: 1_000, to: 6_500, step: 10 });
});

it("has a moment for each step, both ends included", () => {
  expect(timesOf({ from: 10, to: 30, step: 10 })).toEqual([10, 20, 30]);
});

it("rests no rate on less than four scrapes", () => {
  expect(rateInterval(5)).toBe(20);
  expect(rateInterval(60)).toBe(65);
});

it("widens a range around its middle, not beyond now", () => {
  expect(widened({ from: 100, to: 200 }, 1_000)).toEqual({ from: 50, to: 250 });
  expect(widened({ from: 100, to: 200 }, 200)).toEqual({ from: 0, to: 200 });
});
