import { expect, it } from "vitest";

import { haveRoom, paintCandles, step } from "./candles";
import type { Drawn } from "./protocol";

/** Three bars a minute apart, one of them missing before the last. */
const VIEW: Drawn = {
  type: "view",
  load: 1,
  view: 1,
  from: 0,
  to: 300,
  times: Float64Array.of(60, 120, 240),
  columns: [
    Float64Array.of(9, 8, 7),
    Float64Array.of(1, 2, 3),
    Float64Array.of(5, 3, 4),
    Float64Array.of(4, 6, 4),
  ],
  inside: 3,
  whole: true,
};

it("draws candles where bars have room, and all are there", () => {
  expect(step(VIEW)).toBe(60 / 300);
  expect([haveRoom(VIEW, 25), haveRoom(VIEW, 24)]).toEqual([true, false]);
  expect(haveRoom({ ...VIEW, inside: 4 }, 1_000)).toBe(false);
});

it("gives each bar a body from open to close and wicks to its extremes", () => {
  const done: string[] = [];
  const note =
    (name: string) =>
    (...given: number[]) =>
      done.push([name, ...given].join(" "));
  const ctx = Object.fromEntries(
    ["save", "restore", "beginPath", "clip", "rect", "moveTo", "lineTo", "fill", "stroke"].map(
      (name) => [name, note(name)],
    ),
  );
  // A pixel a second, and ten a unit of price, upside down as on a canvas.
  const chart = {
    ctx,
    bbox: { left: 0, top: 0, width: 300, height: 100 },
    valToPos: (value: number, scale: string) => (scale === "x" ? value : 100 - 10 * value),
  };
  paintCandles(chart as never, VIEW, { up: "green", down: "red" });
  const half = 24 / 2;
  // Open 4, close 5: it rises. Open and close 4: it stands, and is seen.
  expect(done).toContain(`rect ${60 - half} 50 24 10`);
  expect(done).toContain(`rect ${240 - half} 60 24 1`);
  expect(done).toContain(`rect ${120 - half} 40 24 30`);
  expect(done.filter((one) => one.startsWith("moveTo 120"))).toEqual([
    "moveTo 120 20",
    "moveTo 120 70",
  ]);
  expect(done.indexOf("fill")).toBeGreaterThan(done.indexOf(`rect ${120 - half} 40 24 30`));
  expect(done.indexOf("stroke")).toBeLessThan(done.indexOf(`rect ${120 - half} 40 24 30`));
});
