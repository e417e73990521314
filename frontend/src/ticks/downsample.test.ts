import { describe, expect, it } from "vitest";

import { downsample, place, type Ticks, type View } from "./downsample";

/** Numbers that look random, and are the same each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Ticks in bursts, with ties, gaps and outliers. */
function ticksOf(rows: number, seed: number, columns = 2): Ticks {
  const next = random(seed);
  const times = Float64Array.from({ length: rows }, () => Math.round(next() ** 3 * 5_000) / 10);
  times.sort();
  const values = Array.from({ length: columns }, () =>
    Float64Array.from({ length: rows }, () => (next() < 0.01 ? 100 : 1) * (next() - 0.5)),
  );
  return { times, columns: values, rows };
}

function bucketOf(time: number, from: number, to: number, pixels: number): number {
  if (time < from) return -1;
  if (time > to) return pixels;
  return Math.min(pixels - 1, Math.floor((time - from) / ((to - from) / pixels)));
}

/** The least, the most, the first and the last value of each pixel. */
function pixelsOf(view: Ticks | View, from: number, to: number, pixels: number, column: number) {
  const found = new Map<number, { least: number; most: number; first: number; last: number }>();
  const rows = "rows" in view ? view.rows : view.times.length;
  for (let row = 0; row < rows; row += 1) {
    const bucket = bucketOf(view.times[row] as number, from, to, pixels);
    if (bucket < 0 || bucket >= pixels) continue;
    const value = view.columns[column]?.[row] as number;
    const now = found.get(bucket) ?? { least: value, most: value, first: value, last: value };
    now.least = Math.min(now.least, value);
    now.most = Math.max(now.most, value);
    now.last = value;
    found.set(bucket, now);
  }
  return found;
}

const CASES = [1, 2, 3, 4, 5].flatMap((seed) => [
  { seed, from: 0, to: 500, pixels: 40 },
  { seed, from: 3.05, to: 60.15, pixels: 17 },
  { seed, from: -100, to: 900, pixels: 1 },
]);

describe("a view", () => {
  it.each(CASES)("keeps the ends and extremes of each pixel, $seed $from $pixels", (given) => {
    const { seed, from, to, pixels } = given;
    const ticks = ticksOf(20_000, seed);
    const view = downsample(ticks, from, to, pixels, [0, 1]);
    for (const column of [0, 1]) {
      expect(pixelsOf(view, from, to, pixels, column)).toEqual(
        pixelsOf(ticks, from, to, pixels, column),
      );
    }
  });

  it.each(CASES)("has few points, all of them ticks and in order, $seed $from $pixels", (given) => {
    const { seed, from, to, pixels } = given;
    const ticks = ticksOf(20_000, seed);
    const { times, columns, inside } = downsample(ticks, from, to, pixels, [0, 1]);
    expect(times.length).toBeLessThanOrEqual(6 * pixels + 2);
    expect(inside).toBe(ticks.times.filter((time) => time >= from && time <= to).length);
    const rows = new Set(Array.from(ticks.times, (time, row) => line(time, row, ticks.columns)));
    times.forEach((time, row) => expect(rows).toContain(line(time, row, columns)));
    expect([...times]).toEqual([...times].sort((one, other) => one - other));
  });

  it("reaches one tick over either edge, so that lines do not end inside", () => {
    const ticks = ticksOf(20_000, 9, 1);
    const [from, to] = [100.05, 200.05];
    for (const pixels of [10, 20_000]) {
      const { times } = downsample(ticks, from, to, pixels, [0]);
      const before = ticks.times.filter((time) => time < from).at(-1);
      expect([times[0], times.at(-1)]).toEqual([before, ticks.times.find((time) => time > to)]);
    }
  });

  it("holds every tick where there are few", () => {
    const ticks = ticksOf(50, 3);
    const view = downsample(ticks, -1, 600, 100, [0, 1]);
    expect([view.times, ...view.columns]).toEqual([ticks.times, ...ticks.columns]);
    expect(view.times.buffer).not.toBe(ticks.times.buffer);
  });

  it("carries columns along whose extremes it does not keep", () => {
    const ticks = ticksOf(5_000, 4);
    const { times, columns } = downsample(ticks, 0, 500, 10, [0]);
    expect(times.length).toBeLessThanOrEqual(4 * 10 + 2);
    const known = new Map(Array.from(ticks.columns[0] ?? [], (value, row) => [value, row]));
    columns[0]?.forEach((value, row) => {
      expect(columns[1]?.[row]).toBe(ticks.columns[1]?.[known.get(value) ?? -1]);
    });
  });

  it("is empty where nothing is", () => {
    const none = { times: new Float64Array(4), columns: [new Float64Array(4)], rows: 0 };
    expect(downsample(none, 0, 1, 10, [0])).toMatchObject({ inside: 0 });
  });
});

function line(time: number, row: number, columns: readonly Float64Array[]): string {
  return [time, ...columns.map((column) => column[row])].join(" ");
}

it("finds where a moment lies among equal times", () => {
  const times = Float64Array.of(1, 2, 2, 2, 3, 0, 0);
  expect([place(times, 5, 2), place(times, 5, 2, true)]).toEqual([1, 4]);
  expect([place(times, 5, 0), place(times, 5, 9)]).toEqual([0, 5]);
});
