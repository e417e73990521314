import { describe, expect, it } from "vitest";

import { combinations, GRID, placed, sweepComplaints, sweepOf, valuesIn } from "./grid";
import { parametersOf } from "./parameters";
import { toggled } from "./picked";
import { DRAFT, named } from "./testing";

const PARAMETERS = parametersOf({
  properties: {
    fast: { type: "integer", minimum: 1, maximum: 2_000, default: 5 },
    spread: { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }], default: null },
    interval: { enum: ["tick", "1m"], default: "1m", type: "string" },
    loud: { type: "boolean", default: false },
  },
});
const parameter = (name: string) => named(PARAMETERS, name);
const OPTIONS = { objective: "sharpe_ratio", skip_invalid: true } as const;

describe("values of a parameter", () => {
  it.each([
    ["fast", "5", ["5"]],
    ["fast", "5, 10,20", ["5", "10", "20"]],
    ["fast", "5 to 20 step 5", ["5", "10", "15", "20"]],
    ["fast", "5 to 9 step 3", ["5", "8"]],
    ["fast", "1 to 3, 10, 2", ["1", "2", "3", "10"]],
    ["spread", "0.1 to 0.5 step 0.1", ["0.1", "0.2", "0.3", "0.4", "0.5"]],
    ["spread", "", [""]],
    ["interval", "tick, 1m", ["tick", "1m"]],
  ])("of %s in %j are %j", (name, text, texts) => {
    expect(valuesIn(parameter(name), text)).toEqual({ texts });
  });

  it.each([
    ["fast", "5, x", "x must be a number"],
    ["fast", "0 to 3", "0 must be 1 or more"],
    ["fast", "9 to 5", "a range goes up"],
    ["fast", "1 to 5 step 0", "the step must be more than 0"],
    ["fast", "1 to b", "a range is written 5 to 50 step 5"],
    ["fast", "1 to 1000000", "has more than 1000 values"],
    ["fast", "", "is needed"],
  ])("of %s in %j are refused: %s", (name, text, wrong) => {
    expect(valuesIn(parameter(name), text)).toEqual({ texts: [], wrong });
  });
});

describe("a sweep in the form", () => {
  const params = { fast: "5 to 20 step 5", spread: "0.1, 0.2", interval: "tick", loud: "true" };

  it("counts the combinations", () => {
    expect(combinations({ ...DRAFT, params }, PARAMETERS)).toBe(8);
  });

  it("puts several values into the grid, single ones into the parameters", () => {
    const request = sweepOf({ ...DRAFT, params }, PARAMETERS, OPTIONS);
    expect(request.grid).toEqual({ fast: [5, 10, 15, 20], spread: [0.1, 0.2] });
    expect(request.params).toEqual({ interval: "tick", loud: true });
    expect(request).toMatchObject(OPTIONS);
  });

  it("complains at the field, and of the whole", () => {
    const wrong = (changed: Record<string, string>) =>
      sweepComplaints({ ...DRAFT, params: changed }, PARAMETERS);
    expect(wrong({ fast: "5, 0" })).toHaveProperty(["params.fast"], "0 must be 1 or more");
    expect(wrong({})).toHaveProperty(GRID);
    expect(wrong({ fast: "1 to 600", spread: "1, 2" })[GRID]).toContain("1000 runs at most");
    expect(wrong(params)).toEqual({});
  });

  it("has the service's words where its own would stand", () => {
    expect(placed({ "grid.fast": "no", grid: "too many" })).toEqual({
      "params.fast": "no",
      grid: "too many",
    });
  });
});

it("takes two runs, the newest two", () => {
  const third = ["a", "b", "c"].reduce<readonly string[]>(toggled, []);
  expect(third).toEqual(["b", "c"]);
  expect(toggled(third, "b")).toEqual(["c"]);
});
