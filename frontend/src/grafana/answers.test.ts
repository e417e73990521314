import { expect, it } from "vitest";

import { reached, token } from "./colours";
import { heatmapOf, rowOf } from "./heatmap";
import type { Panel, RangeSeries } from "./model";
import { reduced } from "./reduce";
import { alone, legend, linesOf, stacked, stretches } from "./series";
import { statsOf } from "./stats";
import { instantTable, sortedRows, spanTable, tableOf, transformed } from "./tables";
import { inUnit } from "./units";

const GRID = { from: 0, to: 30, step: 10 };

it("puts values on the grid and leaves gaps empty", () => {
  const series = [
    {
      metric: { a: "x" },
      values: [
        [0, "1"],
        [20, "NaN"],
        [30, "4"],
      ] as [number, string][],
    },
  ];
  const { times, lines } = linesOf([{ format: "{{a}} of {{b}}", series }], GRID);
  expect(times).toEqual([0, 10, 20, 30]);
  expect(lines[0]).toMatchObject({ label: "x of", values: [1, null, null, 4] });
});

it("names a line by its labels where the board gives no legend", () => {
  expect(legend("", { __name__: "up", job: "a" })).toBe('up{job="a"}');
  expect(legend("{{none}}", {})).toBe("value");
});

it("stacks lines, where one is missing too", () => {
  expect(
    stacked([
      [1, null, 1],
      [1, 1, null],
      [1, 1, 1],
    ]),
  ).toEqual([
    [1, null, 1],
    [2, 1, null],
    [3, 2, 2],
  ]);
});

it("finds values that no line reaches", () => {
  expect(alone([1, null, 2, null, 3, 4, null])).toEqual([0, 2]);
});

it("finds how long a state lasts", () => {
  expect(stretches([1, 1, null, 1, 0])).toEqual([
    { from: 0, to: 2, value: 1 },
    { from: 3, to: 4, value: 1 },
    { from: 4, to: 5, value: 0 },
  ]);
});

it.each([
  ["lastNotNull", 2],
  ["max", 5],
  ["median", null],
])("reduces to %s", (calc, value) => {
  expect(reduced(calc, [1, 5, 2, null])).toBe(value);
});

it("takes the colour of the highest threshold that is reached", () => {
  const steps = [
    { color: "green", value: null },
    { color: "red", value: 5 },
  ];
  expect([4.9, 5].map((value) => token(reached(steps, value)))).toEqual(["good", "bad"]);
});

it.each([
  [1536, "bytes", "1.5 KiB"],
  [1500, "Bps", "1.5 kB/s"],
  [0.9995, "percentunit", "99.95 %"],
  [0.25, "s", "250 ms"],
  [12_345, "short", "12.3K"],
  [12.3, "reqps", "12.3 req/s"],
  [2_000, "rowsps", "2K rows/s"],
  [0.5, "ops", "0.5 ops/s"],
  [42, "none", "42"],
  [null, "s", "–"],
])("writes %s in %s", (value, unit, text) => {
  expect(inUnit(value, unit)).toBe(text);
});

function bucket(le: string, ...counts: number[]): RangeSeries {
  return { metric: { le }, values: counts.map((count, index) => [index * 10, String(count)]) };
}

it("takes cumulative buckets apart, in order of their bounds", () => {
  const map = heatmapOf(
    [bucket("+Inf", 6, 0), bucket("1", 2, 0), bucket("10", 6, 0), bucket("0.1", 0, 0)],
    { from: 0, to: 10, step: 10 },
  );
  expect(map.uppers).toEqual([0.1, 1, 10, Infinity]);
  expect([...map.cells]).toEqual([0, 0, 2, 0, 4, 0, 0, 0]);
  expect(map.most).toBe(4);
  expect(rowOf(0.55, map)).toBeCloseTo(1.5);
  expect(rowOf(100, map)).toBe(3.5);
});

it("leaves rows out that stay empty, but for one", () => {
  const map = heatmapOf(
    ["1", "2", "3", "4", "5"].map((le) => bucket(le, Number(le) >= 4 ? 1 : 0)),
    { from: 0, to: 0, step: 10 },
  );
  expect(map.uppers).toEqual([3, 4, 5]);
  expect(map.lowest).toBe(2);
});

const PLACE = { id: 1, title: "t", gridPos: { x: 0, y: 0, w: 1, h: 1 } };

it("makes a table of samples as the panel asks", () => {
  const table = instantTable([{ metric: { b: "2", a: "1" }, value: [5, "7"] }]);
  expect(table.fields).toEqual(["Time", "a", "b", "Value"]);
  const organised = transformed(table, [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: { excludeByName: { Time: true }, renameByName: { Value: "alerts" } },
    },
  ]);
  expect(organised.fields).toEqual(["a", "b", "alerts"]);
  expect(organised.rows[0]).toMatchObject({ alerts: 7 });
});

const TRACE = {
  traceID: "abc",
  rootServiceName: "api",
  rootTraceName: "POST",
  spanSets: [
    {
      spans: [
        {
          name: "backtest run",
          startTimeUnixNano: "2000000000",
          durationNanos: "1500000000",
          attributes: [
            { key: "nautilus.rows", value: { intValue: "12" } },
            { key: "nautilus.status", value: { stringValue: "ok" } },
          ],
        },
      ],
    },
  ],
};

it("makes a table of spans, with the whole id of the trace", () => {
  const { fields, rows } = spanTable([TRACE]);
  expect(fields).toEqual([
    "Start time",
    "Trace",
    "Name",
    "nautilus.rows",
    "nautilus.status",
    "Duration",
  ]);
  expect(rows[0]).toMatchObject({
    "Start time": 2,
    Duration: 1.5,
    traceIdHidden: "abc".padStart(32, "0"),
  });
});

it("sorts rows, those without a value last", () => {
  const table = { fields: ["a"], rows: [{ a: null }, { a: 2 }, { a: 10 }] };
  expect(sortedRows(table, "a", true).map(({ a }) => a)).toEqual([10, 2, null]);
  expect(sortedRows(table, "a", false).map(({ a }) => a)).toEqual([2, 10, null]);
});

it("shows the numbers of a span, named and in the unit of each", () => {
  const panel: Panel = {
    ...PLACE,
    type: "stat",
    targets: [{ refId: "A", query: "{ }" }],
    transformations: [
      {
        id: "convertFieldType",
        options: { conversions: [{ targetField: "nautilus.rows", destinationType: "number" }] },
      },
      {
        id: "filterFieldsByName",
        options: { include: { names: ["nautilus.rows", "nautilus.none"] } },
      },
    ],
    fieldConfig: {
      defaults: { unit: "none" },
      overrides: [
        {
          matcher: { id: "byName", options: "nautilus.rows" },
          properties: [
            { id: "displayName", value: "rows" },
            { id: "unit", value: "short" },
          ],
        },
      ],
    },
  };
  expect(tableOf(panel, { refId: "A", query: "{ }" }, [TRACE]).fields).toEqual(["nautilus.rows"]);
  expect(statsOf(panel, [[TRACE]], GRID)).toMatchObject([{ name: "rows", text: "12" }]);
});

it("colours a number by its threshold", () => {
  const panel: Panel = {
    ...PLACE,
    type: "stat",
    options: { colorMode: "value" },
    targets: [{ refId: "A", expr: "up", instant: true, legendFormat: "{{job}}" }],
    fieldConfig: {
      defaults: {
        thresholds: {
          mode: "absolute",
          steps: [
            { color: "red", value: null },
            { color: "green", value: 1 },
          ],
        },
      },
    },
  };
  const samples = [
    { metric: { job: "a" }, value: [0, "0"] },
    { metric: { job: "b" }, value: [0, "1"] },
  ];
  expect(statsOf(panel, [samples], GRID).map(({ name, colour }) => [name, colour])).toEqual([
    ["a", "bad"],
    ["b", "good"],
  ]);
});
