import { expect, it } from "vitest";

import type { BacktestResult } from "../../api/types";
import { figuresOf } from "./figures";

it.each([
  ["quote", "Ticks", "3 ticks"],
  ["bar", "Bars", "3 bars"],
])("calls what a run over %ss read %s", (kind, name, title) => {
  const run = { request: { kind }, data_points: 3 } as unknown as BacktestResult;
  const figures = figuresOf(run);
  expect(figures.find((one) => one.name === name)?.title).toBe(title);
  expect(figures.map((one) => one.name)).toContain(`${name} came from`);
});
